import { Help, type HelpConfiguration } from "commander";
import { PLAIN_WIDTH, wrap } from "../compare/text.js";

/** An option's text is beside the option where there are at least so many columns for it, else below. */
const BESIDE = 30;
const MARGIN = 4;

/** Help that fits the terminal however narrow that is, and never breaks a command in backquotes. */
export const helpLayout: HelpConfiguration = {
  minWidthToWrap: 1,
  boxWrap: (text, width) => wrap(text, width, ""),
  formatItem(term, termWidth, description, helper) {
    const { helpWidth = PLAIN_WIDTH } = helper;
    if (helpWidth - termWidth - MARGIN >= BESIDE || description === "") {
      return Help.prototype.formatItem.call(helper, term, termWidth, description, helper);
    }
    return wrap(`  ${term}\n    ${description}`, helpWidth, "");
  },
};

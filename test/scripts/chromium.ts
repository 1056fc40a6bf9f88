import { findChromium } from "../../scripts/bench/figures/chromium.js";

export { launchChromium } from "../../scripts/bench/figures/chromium.js";

/**
 * Whether tests of pages are skipped, with `describe.skipIf`: on a machine without Chromium, so that all other tests
 * can be run anywhere. Where CI is set they fail instead.
 */
export const noBrowser = findChromium() === undefined && !process.env.CI;
if (noBrowser)
  console.warn(
    "Tests of pages are skipped: there is no Chromium; install it, or name it in HYPERCRL_CHROMIUM",
  );

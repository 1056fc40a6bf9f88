import { type Browser, chromium } from "playwright-core";
import { chromiumOptions, findChromium } from "../../scripts/bench/figures/chromium.js";

/** Starts a browser. What it draws of texts and frames is drawn without an emulated graphics processor, which takes longer. */
export function launchChromium(): Promise<Browser> {
  const { args = [], ...options } = chromiumOptions("emulated");
  return chromium.launch({ ...options, args: [...args, "--disable-gpu-rasterization"] });
}

/**
 * Whether tests of pages are skipped, with `describe.skipIf`: on a machine without Chromium, so that all other tests
 * can be run anywhere. Where CI is set they fail instead.
 */
export const noBrowser = findChromium() === undefined && !process.env.CI;
if (noBrowser)
  console.warn(
    "Tests of pages are skipped: there is no Chromium; install it, or name it in HYPERCRL_CHROMIUM",
  );

import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Without traffic of the browser's own, as root, and drawing without a graphics processor. */
const ARGUMENTS = [
  ...["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
  ...["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
];

function findChromium(): string | undefined {
  return process.env.HYPERCRL_CHROMIUM || PLACES.find((place) => existsSync(place));
}

/**
 * Whether tests of pages are skipped, with `describe.skipIf`: on a machine without Chromium, so that all other tests
 * can be run anywhere. Where CI is set they fail instead.
 */
export const noBrowser = findChromium() === undefined && !process.env.CI;

/** Starts a browser without a window and with a profile of its own. Set HYPERCRL_CHROMIUM for one elsewhere. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error(
      `Tests of pages need Chromium; none of ${PLACES.join(", ")} exists. Install it (Debian: apt-get install chromium), or set HYPERCRL_CHROMIUM to its path.`,
    );
  }
  return chromium.launch({ executablePath, headless: true, args: ARGUMENTS });
}

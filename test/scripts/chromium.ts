import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Starts a browser without a window and with a profile of its own. Set HYPERCRL_CHROMIUM for one elsewhere. */
export async function launchChromium(): Promise<Browser> {
  const path = process.env.HYPERCRL_CHROMIUM ?? PLACES.find((place) => existsSync(place));
  if (path === undefined) {
    throw new Error(
      `Tests of pages need Chromium; none of ${PLACES.join(", ")} exists. Install it (Debian: apt-get install chromium), or set HYPERCRL_CHROMIUM to its path.`,
    );
  }
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", ...quiet];
  return chromium.launch({ executablePath: path, headless: true, args });
}

import { existsSync } from "node:fs";
import { type Browser, chromium, type LaunchOptions } from "playwright-core";
import { RunError } from "../../../sim/core/errors.js";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Without traffic of the browser's own, as root. */
const ARGUMENTS = [
  ...["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
];
/** Draws the page without a graphics processor as it would with one. */
const EMULATED = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

export function findChromium(): string | undefined {
  return process.env.HYPERCRL_CHROMIUM || PLACES.find((place) => existsSync(place));
}

/**
 * How a browser is started without a window and with a profile of its own. Set HYPERCRL_CHROMIUM for one elsewhere.
 * @param drawing `emulated`: the same picture on every machine; `own`: the browser's own choice
 * @throws RunError without one
 */
export function chromiumOptions(drawing: "emulated" | "own"): LaunchOptions {
  const executablePath = findChromium();
  if (executablePath === undefined || !existsSync(executablePath)) {
    throw new RunError({
      what: "Pages need Chromium to be drawn",
      got: executablePath === undefined ? "none" : `no file ${executablePath}`,
      expected: `one of ${PLACES.join(", ")}`,
      todo: "Install it (Debian: apt-get install chromium), or set HYPERCRL_CHROMIUM to its path",
    });
  }
  const args = drawing === "own" ? ARGUMENTS : [...ARGUMENTS, ...EMULATED];
  return { executablePath, headless: true, args };
}

/** Starts a browser that draws the same picture on every machine. @throws RunError without one */
export async function launchChromium(): Promise<Browser> {
  return chromium.launch(chromiumOptions("emulated"));
}

import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

/** How long a busy machine may take for one thing, ms. */
const PATIENCE = 90_000;

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Drawing without a graphics processor, and no traffic of the browser's own. */
const ARGUMENTS = [
  ...[
    "--headless",
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
  ],
  ...["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"],
  "--disable-sync",
];

/** Starts Chromium with a fresh profile. @throws Error that says what to install */
export async function startChromium(): Promise<Browser> {
  const executablePath = PATHS.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(
      `The viewer's tests need Chromium; none of ${PATHS.join(", ")} is there. Install it: apt-get install -y chromium`,
    );
  }
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

/** A page, and everything it printed as an error or asked for elsewhere than at `origin`. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: readonly string[];
}

export async function openWatched(browser: Browser, url: string, origin: string): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`page: ${error.message}`));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("data:")) {
      complaints.push(`request: ${request.url()}`);
    }
  });
  await page.goto(url);
  return { page, context, complaints };
}

/** Waits until an expression is true in the page; by polling, because the page's policy forbids evaluation. */
export async function until(page: Page, expression: string): Promise<void> {
  await expect.poll(() => page.evaluate(expression), { timeout: PATIENCE, message: expression }).toBe(true);
}

/** Waits until so many episodes are drawn. */
export function drawn(page: Page, pictures = 1): Promise<void> {
  return until(page, `viewer.stages.length === ${pictures} && viewer.stages.every((s) => s.frames > 0)`);
}

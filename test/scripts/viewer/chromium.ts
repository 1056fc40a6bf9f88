import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";

/** How long a busy machine may take for one thing, ms. */
const PATIENCE = 90_000;

/** A page, and everything it printed as an error or asked for elsewhere than at `origin`. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: readonly string[];
}

export async function openWatched(browser: Browser, url: string, origin: string): Promise<WatchedPage> {
  // As small as the layout of large screens allows: every pixel is computed by the processor.
  const context = await browser.newContext({ viewport: { width: 960, height: 600 } });
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

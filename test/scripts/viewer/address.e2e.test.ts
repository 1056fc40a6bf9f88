import { rmSync } from "node:fs";

import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpisodeCatalog } from "../../../scripts/viewer/episode-catalog.js";
import { serveViewer, type ViewerServer } from "../../../scripts/viewer/server.js";
import { temporaryFolder } from "../../files.js";
import { launchChromium, noBrowser } from "../chromium.js";
import { drawn, openWatched, until } from "./chromium.js";
import { writeEpisode } from "./episodes.js";

const folder = temporaryFolder();
let browser: Browser;
let server: ViewerServer;

beforeAll(async () => {
  browser = await launchChromium();
  for (const [i, name] of ["a", "b", "c & d"].entries()) {
    await writeEpisode(join(folder, `${name}.mcap`), { seed: i });
  }
  const fail = (error: unknown) => {
    throw error;
  };
  server = await serveViewer(new EpisodeCatalog([join(folder, "a.mcap")]), 0, fail);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

const FILES = "viewer.stages.map((s) => s.episode?.file).join()";

describe.skipIf(noBrowser)("the address of a served page", { timeout: 300_000 }, () => {
  it("names what is shown, so that it opens again", async () => {
    const { page, context, complaints } = await openWatched(browser, server.url, server.url);
    await drawn(page);
    expect(page.url()).toBe(`${server.url}#0/a.mcap`);
    await page.evaluate('viewer.open(1, { source: 0, file: "c & d.mcap" })');
    await drawn(page, 2);
    expect(page.url()).toBe(`${server.url}#0/a.mcap&0/c%20%26%20d.mcap`);

    const again = await openWatched(browser, page.url(), server.url);
    await drawn(again.page, 2);
    expect(await again.page.evaluate(FILES)).toBe("a.mcap,c & d.mcap");
    await page.getByTitle("Show one alone").click();
    expect(page.url()).toBe(`${server.url}#0/a.mcap`);
    expect([...complaints, ...again.complaints]).toEqual([]);
    await context.close();
    await again.context.close();
  });

  it("opens others when it changes, the last asked for, and Back goes back", async () => {
    const { page, context, complaints } = await openWatched(browser, `${server.url}#0/b.mcap`, server.url);
    await drawn(page);
    expect(await page.evaluate(FILES)).toBe("b.mcap");
    await page.evaluate(`location.hash = "#0/a.mcap&0/b.mcap"; location.hash = "#0/c%20%26%20d.mcap"`);
    await until(page, `${FILES} === "c & d.mcap"`);
    await page.goBack();
    await until(page, `${FILES} === "a.mcap,b.mcap"`);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it.each([
    ["#0/gone.mcap", "There is no episode 0/gone.mcap here; choose another above"],
    ["#7/a.mcap", "There is no episode 7/a.mcap here; choose another above"],
    [
      "#0/..%2F..%2Fetc%2Fpasswd",
      "Forbidden: only episodes of the folders given to `hypercrl view` are shown",
    ],
  ])("that ends in %s names none and says so", async (fragment, message) => {
    const { page, context } = await openWatched(browser, `${server.url}${fragment}`, server.url);
    await page.waitForSelector(".message:not([hidden])");
    expect(await page.locator(".message").textContent()).toBe(message);
    expect(await page.evaluate(FILES)).toBe("a.mcap");
    await page.getByRole("button", { name: "point · a" }).click();
    await page.getByRole("button", { name: "b.mcap", exact: true }).click();
    await until(page, `${FILES} === "b.mcap"`);
    expect(await page.locator(".message").isVisible()).toBe(false);
    await context.close();
  });
});

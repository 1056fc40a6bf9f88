import { existsSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePlayable } from "../../../scripts/report/playable.js";
import { reportData } from "../../../scripts/report/report.js";
import { readSource } from "../../../scripts/report/runs.js";
import { checkOutput, writeOutput } from "../../../scripts/report/write.js";
import { temporaryFolder } from "../../files.js";
import { launchChromium, noBrowser } from "../chromium.js";
import { drawn, openWatched, until } from "../viewer/chromium.js";
import { writeEpisode } from "../viewer/episodes.js";
import { makeRun } from "./folders.js";

const root = temporaryFolder();
const MARKUP = "<img src=x onerror=alert(1)>";
const BEST = "01-evaluate-01-02.mcap";
const WORST = "01-train-03.mcap";
const LAST = "02-evaluate-02-02.mcap";
let browser: Browser;
let run: string;

beforeAll(async () => {
  browser = await launchChromium();
  run = makeRun(join(root, `run ${MARKUP}`), { method: "hypercrl", seed: 1, tasks: [MARKUP, "b"] });
  const episode = (file: string, task: string, seed: number) =>
    writeEpisode(join(run, "episodes", file), { task, seed });
  await episode(BEST, MARKUP, 1);
  await episode(WORST, MARKUP, 2);
  await episode(LAST, "b", 3);
}, 300_000);
afterAll(async () => {
  await browser?.close();
  rmSync(root, { recursive: true });
});

/** Writes a report with this name and opens it from its file. */
async function open(name: string) {
  const files = checkOutput(join(root, name));
  writeOutput(files, makePlayable(reportData(readSource([run]), files.html), basename(files.episodes)));
  const folder = pathToFileURL(root).href;
  const opened = await openWatched(browser, pathToFileURL(files.html).href, folder);
  return { ...opened, files };
}

/** The part of the page that lists the episodes of the run. */
const episodesOf = (page: Page) =>
  page.locator("details").filter({ has: page.locator("summary", { hasText: /seed 1: \d+ episodes/ }) });

describe.skipIf(noBrowser)("the episodes of a report", { timeout: 300_000 }, () => {
  it("play where their links lead to", async () => {
    const { page, context, complaints } = await open("50% & more.html");
    await episodesOf(page).locator("summary").click();
    await page.getByRole("link", { name: "play", exact: true }).nth(2).click();
    await drawn(page);
    expect(await page.title()).toBe(`b · ${basename(LAST, ".mcap")} – HyperCRL`);
    expect(await page.evaluate("viewer.stages[0].episode.header.seed")).toBe(3);
    // Loaded again it does not start again.
    expect(new URL(page.url()).hash).toBe(`#0/${LAST}`);
    await until(page, "viewer.playback.at > 0");

    await page.goBack();
    const list = episodesOf(page);
    if (!(await list.evaluate("(e) => e.open"))) await list.locator("summary").click();
    await page.getByRole("link", { name: "beside the best" }).click();
    await drawn(page, 2);
    expect(await page.title()).toBe(`${MARKUP} · ${basename(BEST, ".mcap")} – HyperCRL`);
    const seeds = await page.evaluate("viewer.stages.map((s) => s.episode.header.seed)");
    expect(seeds).toEqual([1, 2]);
    expect(await page.locator("img").count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("change with the fragment, and one that names none says so", async () => {
    const { page, context, complaints, files } = await open("changing.html");
    const at = (fragment: string) => `${pathToFileURL(files.episodes).href}${fragment}`;
    await page.goto(at(`#0/${encodeURIComponent(`${MARKUP}.mcap`)}`));
    await page.waitForSelector(".message:not([hidden])");
    expect(await page.locator(".message").textContent()).toBe(
      `0/${MARKUP}.mcap is not part of this page; choose another above`,
    );
    // Another is shown rather than nothing, and the address names it.
    await drawn(page);
    expect(new URL(page.url()).hash).toBe(`#0/${BEST}`);

    await page.goto(at(`#0/${WORST}&0/${LAST}`));
    await drawn(page, 2);
    expect(await page.locator(".message").isVisible()).toBe(false);
    await page.evaluate(`location.hash = "#0/${BEST}"`);
    await until(page, "viewer.stages.length === 1 && viewer.stages[0].episode.header.seed === 1");
    await page.evaluate(`location.hash = "#${MARKUP}"`);
    await page.waitForSelector(".message:not([hidden])");
    expect(await page.locator(".message").textContent()).toMatch(
      /^The address ends in #.*; expected #0\/NAME/,
    );
    expect(await page.evaluate("viewer.stages[0].episode.header.seed")).toBe(1);
    expect(await page.locator("img").count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("have no page and no links once the recordings are gone", async () => {
    const first = await open("gone.html");
    expect(existsSync(first.files.episodes)).toBe(true);
    await first.context.close();
    rmSync(join(run, "episodes"), { recursive: true });
    const { page, context, complaints, files } = await open("gone.html");
    expect(existsSync(files.episodes)).toBe(false);
    await episodesOf(page).locator("summary").click();
    expect(await page.locator("details td").allTextContents()).toContain(`episodes/${LAST}`);
    expect(await page.locator("details a").count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });
});

import { rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EpisodeCatalog } from "../../../scripts/viewer/episode-catalog.js";
import { embeddedData, exportedPage } from "../../../scripts/viewer/export.js";
import { serveViewer, type ViewerServer } from "../../../scripts/viewer/server.js";
import { type Episode, readEpisode } from "../../../sim/recording/reader.js";
import { temporaryFolder } from "../../files.js";
import { launchChromium, noBrowser } from "../chromium.js";
import { drawn, openWatched, until } from "./chromium.js";
import { episodeBytes, writeEpisode } from "./episodes.js";

const folder = temporaryFolder();
const one = join(folder, "one");
const two = join(folder, "two");
const MARKUP = "<img src=x onerror=alert(1)>";
let browser: Browser;
const servers: ViewerServer[] = [];

beforeAll(async () => {
  // First: without a browser nothing else is worth waiting for.
  browser = await launchChromium();
  await writeEpisode(join(one, "a.mcap"), { task: "first", afterTask: 0 });
  await writeEpisode(join(one, "b.mcap"), { task: "first", afterTask: 1, seed: 18 });
  await writeEpisode(join(one, "c.mcap"), { task: MARKUP, taskIndex: 4, phase: "train", afterTask: 1 });
  await writeEpisode(join(one, `${MARKUP}.mcap`), { phase: "random" });
  const bytes = await episodeBytes({ task: "cut" });
  writeFileSync(join(one, "cut.mcap"), bytes.subarray(0, Math.floor(bytes.length * 0.55)));
  await writeEpisode(join(two, "long.mcap"), { task: "long" }, { bodies: 12, episodeSteps: 10_000 });
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

/** Serves what `hypercrl view` would for these paths, and opens it. */
async function view(...paths: readonly string[]) {
  const fail = (error: unknown) => {
    throw error;
  };
  const server = await serveViewer(new EpisodeCatalog(paths), 0, fail);
  servers.push(server);
  const watched = await openWatched(browser, server.url, server.url);
  return { ...watched, server };
}

/** World pose of a body in a state, as recorded. */
function recordedPose({ playback }: Episode, state: number, name: string): number[] {
  const { bodies, poses } = playback!;
  const at = (state * bodies.length + bodies.findIndex((b) => b.name === name)) * 7;
  return [...poses.slice(at, at + 7)];
}

const read = new Map<string, Episode>();

async function expectPose(page: Page, path: string, state: number, stage = 0): Promise<void> {
  const episode = read.get(path) ?? readEpisode(path, { poses: true });
  read.set(path, episode);
  for (const name of ["table", "point0", "point1"]) {
    const pose = (await page.evaluate(`viewer.stages[${stage}].drawnPose("${name}")`)) as number[];
    const expected = recordedPose(episode, state, name);
    for (const [i, value] of pose.entries()) expect(value, `${name}[${i}]`).toBeCloseTo(expected[i]!, 6);
  }
}

const scrubTo = (page: Page, step: number) => page.getByRole("slider", { name: "Step" }).fill(String(step));

describe.skipIf(noBrowser)("the viewer in a browser", { timeout: 300_000 }, () => {
  it("shows an episode, goes to a step, plays and stops, without a complaint", async () => {
    const path = join(one, "a.mcap");
    const { page, context, complaints } = await view(path);
    await drawn(page);
    await expectPose(page, path, 0);
    await scrubTo(page, 23);
    await expectPose(page, path, 23);
    const { steps } = readEpisode(path);
    const reward = steps[22]!.reward.toFixed(Math.abs(steps[22]!.reward) >= 1 ? 2 : 3);
    expect(await page.locator(".readout").textContent()).toContain(
      `step 23 of 35  ·  1.15 s  ·  reward ${reward}`,
    );
    const inLegend = page.locator('[data-quantity="reward"] .legend');
    expect(await inLegend.textContent()).toContain(`reward ${reward}`);

    await page.keyboard.press("ArrowRight");
    await expectPose(page, path, 24);
    await page.getByRole("button", { name: "Play" }).click();
    await until(page, "viewer.playback.step === 35 && !viewer.playback.playing");
    await expectPose(page, path, 35);
    await page.keyboard.press("?");
    expect(await page.getByRole("dialog", { name: "Keys" }).isVisible()).toBe(true);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("draws something in the middle of the picture, and other things at other steps", async () => {
    const { page, context } = await view(join(one, "a.mcap"));
    await drawn(page);
    const picture = () => page.locator(".stage canvas").screenshot();
    const first = await picture();
    await scrubTo(page, 30);
    expect(first.length).toBeGreaterThan(10_000);
    const changed = async () => Buffer.compare(first, await picture()) !== 0;
    await expect.poll(changed, { timeout: 90_000 }).toBe(true);
    await context.close();
  });

  it("goes to the step pointed at in a plot", async () => {
    const { page, context, complaints } = await view(join(one, "a.mcap"));
    await drawn(page);
    const box = (await page.locator('[data-quantity="action"] .u-over').boundingBox())!;
    await page.mouse.click(box.x + (20 / 35) * box.width, box.y + box.height / 2);
    expect(await page.evaluate("viewer.playback.at")).toBe(20);
    await expectPose(page, join(one, "a.mcap"), 20);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("shows two episodes in step", async () => {
    const paths = ["a", "b"].map((name) => join(one, `${name}.mcap`));
    const { page, context, complaints } = await view(...paths);
    await drawn(page, 2);
    await scrubTo(page, 12);
    await expectPose(page, paths[0]!, 12, 0);
    await expectPose(page, paths[1]!, 12, 1);
    await page.keyboard.press("3");
    await expectPose(page, paths[1]!, 12, 1);
    await page.getByTitle("Show one alone").click();
    await drawn(page, 1);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("has a picker that filters, sorts and opens, and shows names with markup as they are", async () => {
    const { page, context, complaints } = await view(one);
    await drawn(page);
    await page.keyboard.press("e");
    const rows = page.locator(".picker tbody tr");
    await expect.poll(() => rows.count(), { timeout: 10_000 }).toBe(5);
    await page.locator('.picker th[data-key="return"] button').click();
    const returns = (await page.locator(".picker tbody tr td:nth-child(4)").allTextContents()).map(Number);
    expect(returns).toEqual(returns.toSorted((a, b) => b - a));
    await page.locator('.picker select[name="task"]').selectOption("first");
    await expect.poll(() => rows.count(), { timeout: 10_000 }).toBe(2);
    await page.locator('.picker select[name="task"]').selectOption(MARKUP);
    expect(await rows.first().textContent()).toContain(MARKUP);
    await page.getByRole("button", { name: "c.mcap", exact: true }).click();
    await until(page, "viewer.stages[0].episode.file === 'c.mcap'");
    expect(await page.locator(".caption").textContent()).toContain(MARKUP);

    await page.keyboard.press("c");
    await page.locator('.picker select[name="task"]').selectOption("");
    await page.getByRole("button", { name: `${MARKUP}.mcap`, exact: true }).click();
    await drawn(page, 2);
    expect(await page.locator("header.bar").textContent()).toContain(MARKUP);
    expect(await page.locator("img").count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("plays a truncated recording up to the damage and says so", async () => {
    const { page, context, complaints } = await view(join(one, "cut.mcap"));
    await drawn(page);
    const steps = (await page.evaluate("viewer.playback.length")) as number;
    expect(steps).toBeGreaterThan(3);
    expect(steps).toBeLessThan(35);
    expect(await page.locator(".damage").textContent()).toMatch(
      new RegExp(`^Damaged recording: .*truncated.*${steps} of 35 steps can be played$`),
    );
    await page.keyboard.press("End");
    await expectPose(page, join(one, "a.mcap"), steps);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("says when the server is gone", async () => {
    const { page, context, server } = await view(join(one, "a.mcap"));
    await drawn(page);
    await server.close();
    await page.keyboard.press("e");
    await page.waitForSelector(".message:not([hidden])");
    expect(await page.locator(".message").textContent()).toContain("has `hypercrl view` been stopped?");
    await context.close();
  });

  it("opens exported from disk, and asks for nothing", async () => {
    const out = join(folder, "out.html");
    writeFileSync(out, exportedPage(embeddedData(new EpisodeCatalog([one])), "test"));
    const url = pathToFileURL(out).href;
    const { page, context, complaints } = await openWatched(browser, url, url);
    await drawn(page);
    await page.evaluate("viewer.open(0, { source: 0, file: 'a.mcap' })");
    await scrubTo(page, 9);
    await expectPose(page, join(one, "a.mcap"), 9);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("scrubs through 10,000 steps, every picture the right one", async () => {
    const path = join(two, "long.mcap");
    const { page, context, complaints } = await view(path);
    await drawn(page);
    expect(await page.evaluate("viewer.playback.length")).toBe(10_000);
    const scrub = `(async () => {
      const slider = document.querySelector(".scrubber");
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      const began = performance.now();
      const before = viewer.stages[0].frames;
      for (let i = 1; i <= 20; i++) {
        slider.value = String((i * 2311) % 10000);
        slider.dispatchEvent(new Event("input"));
        await frame();
      }
      const frames = viewer.stages[0].frames - before;
      return { frames, rate: (1000 * frames) / (performance.now() - began) };
    })()`;
    const { frames, rate } = (await page.evaluate(scrub)) as { frames: number; rate: number };
    // For people; a busy machine draws slower and is right all the same.
    console.log(`scrubbing 10,000 steps: ${rate.toFixed(1)} frames/s`);
    expect(frames).toBeGreaterThanOrEqual(19);
    expect(await page.evaluate("viewer.playback.at")).toBe((20 * 2311) % 10_000);
    for (const step of [9999, 1, 5000]) {
      await scrubTo(page, step);
      await expectPose(page, path, step);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });
});

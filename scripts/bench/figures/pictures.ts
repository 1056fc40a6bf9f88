import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { RECORDINGS } from "../../../agent/run/recording-names.js";
import { HyperCrlError, InputError, UsageError } from "../../../sim/core/errors.js";
import { largest } from "../../../sim/core/extremes.js";
import { writeFileSafely } from "../../../sim/core/files.js";
import { inTemporaryFolder } from "../../cli/temporary-folder.js";
import { makePlayable } from "../../report/playable.js";
import { reportData } from "../../report/report.js";
import { readSource } from "../../report/runs.js";
import { checkOutput, writeOutput } from "../../report/write.js";
import { EpisodeCatalog } from "../../viewer/episode-catalog.js";
import { fragmentOf } from "../../viewer/fragment.js";
import type { EpisodeRef } from "../../viewer/payload.js";
import { serveViewer } from "../../viewer/server.js";
import { launchChromium } from "./chromium.js";
import { stepUnderWay, thenAndNow } from "./moments.js";

const SIZE = { width: 1040, height: 650 };
/** Shows a matrix of five tasks whole, with its axes. */
const REPORT_SIZE = { ...SIZE, height: 720 };
/** Longest that a busy machine may take for one thing, ms. */
const PATIENCE = 120_000;
/** A picture that was not drawn again for so long, and so often, is at its best, ms; see `REST` of the viewer. */
const SETTLED = 1500;
const SETTLED_FRAMES = 20;

async function openPage(browser: Browser, url: string, size = SIZE): Promise<Page> {
  const page = await browser.newPage({ viewport: size, colorScheme: "light", reducedMotion: "reduce" });
  page.setDefaultTimeout(PATIENCE);
  await page.goto(url);
  return page;
}

const FRAMES_PASSED = `new Promise((done) => {
  let left = ${SETTLED_FRAMES};
  const frame = () => (left-- === 0 ? done() : requestAnimationFrame(frame));
  frame();
})`;

/** Waits until a number in the page has settled; by asking again, because the page's policy forbids evaluation. */
async function settled(page: Page, expression: string): Promise<void> {
  let before: unknown;
  for (const began = performance.now(); performance.now() - began < PATIENCE; ) {
    const now = await page.evaluate(expression);
    if (typeof now === "number" && now > 0 && now === before) return;
    before = now;
    await Promise.all([page.waitForTimeout(SETTLED), page.evaluate(FRAMES_PASSED)]);
  }
  throw new Error(`${expression} still changes after ${PATIENCE} ms`);
}

/** The viewer on one or two episodes of a run, `step` steps after the start. */
async function drawEpisodes(
  browser: Browser,
  catalog: EpisodeCatalog,
  refs: readonly EpisodeRef[],
  step: number,
): Promise<Buffer> {
  const fail = (error: unknown) => console.error(error);
  const server = await serveViewer(catalog, 0, fail);
  try {
    const page = await openPage(browser, `${server.url}${fragmentOf(refs)}`);
    const frames = "globalThis.viewer?.stages.reduce((sum, { frames }) => sum + frames, 0)";
    await settled(page, frames);
    await page.evaluate(`viewer.playback.seek(${step})`);
    await settled(page, frames);
    return await page.screenshot();
  } finally {
    await server.close();
  }
}

/** The viewer on the best episode of a run's last evaluation, while it is under way. */
async function drawBest(browser: Browser, run: string): Promise<Buffer> {
  const catalog = new EpisodeCatalog([run]);
  const { open } = catalog.index();
  const [best] = open;
  if (best === undefined) {
    throw new InputError({
      what: `${join(run, RECORDINGS)} has no episode to draw`,
      expected: "recordings of a run's episodes",
      todo: "Name a finished run",
    });
  }
  return drawEpisodes(browser, catalog, open, stepUnderWay(join(run, RECORDINGS, best.file)));
}

/** The viewer on the first task right after it was learned beside the same after the last task. */
async function drawThenAndNow(browser: Browser, run: string): Promise<Buffer> {
  const catalog = new EpisodeCatalog([run]);
  const pair = thenAndNow(run, catalog.index().episodes);
  const steps = pair.map(({ file }) => stepUnderWay(join(run, RECORDINGS, file)));
  return drawEpisodes(browser, catalog, pair, largest(steps));
}

/** A section of the report, up to the next or as much as the window shows, with the methods' colours above it. */
async function drawSection(page: Page, title: string): Promise<Buffer> {
  await settled(page, "document.querySelectorAll('svg path').length");
  const next = await page.evaluate(`(() => {
    const titles = [...document.querySelectorAll("h2")];
    const at = titles.findIndex((h) => h.textContent === ${JSON.stringify(title)});
    const top = (h) => h.getBoundingClientRect().top;
    // The bar with the methods stays on top and would hide the title.
    scrollBy({ top: top(titles[at]) - document.getElementById("lines").offsetHeight, behavior: "instant" });
    return top(titles[at + 1]);
  })()`);
  const height = Math.floor(Math.min(REPORT_SIZE.height, next as number));
  return page.screenshot({ clip: { x: 0, y: 0, width: SIZE.width, height } });
}

/** The report's learning curves, and its evaluation matrices. */
async function drawReport(
  browser: Browser,
  runs: readonly string[],
): Promise<[curves: Buffer, matrices: Buffer]> {
  return inTemporaryFolder("pictures", async (folder) => {
    const files = checkOutput(join(folder, "report.html"));
    writeOutput(files, makePlayable(reportData(readSource(runs), files.html), basename(files.episodes)));
    const page = await openPage(browser, pathToFileURL(files.html).href, REPORT_SIZE);
    return [await drawSection(page, "Learning curves"), await drawSection(page, "Evaluation matrix")];
  });
}

/** Writes the pictures of the README. */
async function main(args: readonly string[]): Promise<void> {
  const [out, push, door, ...compared] = args;
  if (out === undefined || push === undefined || door === undefined || compared.length === 0) {
    throw new UsageError({
      what: "Pictures are made of a run of push, a run of doors, and runs or sweeps to report on",
      got: `${args.length} arguments`,
      expected: "npm run pictures -- OUT_FOLDER PUSH_RUN DOOR_RUN RUN_OR_SWEEP...",
    });
  }
  const browser = await launchChromium();
  const write = (name: string, picture: Buffer) => writeFileSafely(join(out, `${name}.png`), picture);
  try {
    write("door", await drawBest(browser, door));
    write("push", await drawBest(browser, push));
    write("then-and-now", await drawThenAndNow(browser, door));
    const [curves, matrices] = await drawReport(browser, compared);
    write("learning-curves", curves);
    write("evaluation-matrix", matrices);
  } finally {
    await browser.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof HyperCrlError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = error.exitCode;
});

import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type BrowserServer, chromium } from "playwright-core";
import { elementAt } from "../../sim/core/element.js";
import { RunError } from "../../sim/core/errors.js";
import { medianOf } from "../../sim/core/median.js";
import { inTemporaryFolder } from "../cli/temporary-folder.js";
import { ViewerProcess } from "../cli/viewer-process.js";
import { estimate } from "../compare/bootstrap.js";
import { intervalText } from "../compare/interval-text.js";
import { table } from "../compare/tables.js";
import { train } from "../runs/train.js";
import { chromiumOptions } from "./figures/chromium.js";

/** A run that does the same all the time: twenty planned steps of push, sixty minibatches, and so on. */
const STEADY = {
  tasks: 1,
  "loop.initialRandomSteps": 240,
  "loop.stepsPerTask": 1_000_000,
  "loop.trainEvery": 20,
  "loop.trainIterations": 60,
  "loop.evaluationEpisodes": 1,
};
/** Until a page is up and plays, s. */
const LOADING = 10;
/** What is left out of a window, in which a browser that was stopped catches up, and its length after that, s. */
const SETTLE = 0.7;
const WINDOW = 2;

const WORK = ["planned", "training"] as const;
type Work = (typeof WORK)[number];
/** Median wall time of each kind of work in a window, ms: an action, sixty minibatches. */
type WindowTimes = Readonly<Record<Work, number>>;

/** Windows of a run while its page plays, and each one's neighbour while the browser is stopped. */
export interface LiveTimes {
  readonly stopped: readonly WindowTimes[];
  readonly watched: readonly WindowTimes[];
}

export interface LiveOptions {
  readonly pairs: number;
  /** Prints a line on how far it is. */
  readonly say: (text: string) => void;
}

/**
 * What watching a run costs it: one training run on one thread, with its viewer as of `train --view` and a page that
 * follows it, in a browser whose processes are stopped and let go on by turns of seconds; so a machine that changes
 * speed changes it for both. The browser draws as it would by itself.
 * @throws RunError without Chromium, or when the run or the viewer ends too early
 */
export function measureLive(options: LiveOptions): Promise<LiveTimes> {
  return inTemporaryFolder("bench", (folder, asked) => measureIn(folder, options, asked));
}

async function measureIn(folder: string, options: LiveOptions, asked: AbortSignal): Promise<LiveTimes> {
  const browser = await chromium.launchServer(chromiumOptions("own"));
  const done = new AbortController();
  const stop = AbortSignal.any([done.signal, asked]);
  const run = startRun(join(folder, "run"), stop);
  const measured = measure(run, browser, options, stop);
  try {
    const times = await Promise.race([measured, run.end.then(() => undefined)]);
    if (times === undefined) throw tooEarly("a run that ended");
    return times;
  } finally {
    // Ends the measurement too, where the run did not last as long.
    done.abort();
    await Promise.allSettled([measured, run.end]);
    await run.viewer?.stop();
    signal(browser, "SIGCONT");
    await browser.close();
  }
}

/** A training run that goes on. */
interface LiveRun {
  readonly end: Promise<unknown>;
  /** There once the run has begun. */
  viewer: ViewerProcess | undefined;
  /** How long each piece of work took since it was emptied, ms. */
  readonly ms: Record<Work, number[]>;
}

function startRun(out: string, stop: AbortSignal): LiveRun {
  const ms: LiveRun["ms"] = { planned: [], training: [] };
  const end = train({
    out,
    threads: 1,
    settings: STEADY,
    signal: stop,
    onStart: ({ folder }) => {
      run.viewer = new ViewerProcess(folder, undefined);
    },
    onProgress: (event) => {
      if (event.type === "planned" || event.type === "training") ms[event.type].push(event.ms);
    },
  });
  const run: LiveRun = { end, viewer: undefined, ms };
  return run;
}

/** Opens a page that follows the run, and takes windows of the run in turn. */
async function measure(
  run: LiveRun,
  browser: BrowserServer,
  { pairs, say }: LiveOptions,
  stop: AbortSignal,
): Promise<LiveTimes> {
  const pause = (seconds: number) => wait(seconds * 1000, undefined, { signal: stop });
  while (run.viewer === undefined) await pause(0.1);
  const url = await run.viewer.url;
  if (url === undefined) throw tooEarly("a viewer that ended");
  const viewport = { width: 1366, height: 768 };
  const page = await (await chromium.connect(browser.wsEndpoint())).newPage({ viewport });
  await page.goto(url);
  await pause(LOADING);
  const times = { stopped: [] as WindowTimes[], watched: [] as WindowTimes[] };
  for (let i = 0; i < 2 * pairs; i++) {
    // A B B A …, so that what grows with time is the same for both.
    const watched = i % 4 === 1 || i % 4 === 2;
    signal(browser, watched ? "SIGCONT" : "SIGSTOP");
    await pause(SETTLE);
    for (const work of WORK) run.ms[work] = [];
    await pause(WINDOW);
    times[watched ? "watched" : "stopped"].push({
      planned: medianOf(run.ms.planned),
      training: medianOf(run.ms.training),
    });
    if ((i + 1) % 20 === 0) say(`${(i + 1) / 2} of ${pairs} pairs`);
  }
  if (!run.viewer.running) throw tooEarly("a viewer that ended");
  return times;
}

/** To all processes of a browser: they are a group. */
function signal(browser: BrowserServer, name: NodeJS.Signals): void {
  process.kill(-browser.process().pid!, name);
}

function tooEarly(got: string): RunError {
  return new RunError({
    what: "The measurement is broken off",
    got,
    expected: "one that goes on for the whole measurement",
    todo: "See its message above",
  });
}

const ROWS: readonly (readonly [text: string, ms: (window: WindowTimes) => number])[] = [
  ["an action planned", ({ planned }) => planned],
  ["60 minibatches", ({ training }) => training],
  ["20 actions and 60 minibatches", ({ planned, training }) => 20 * planned + training],
];

export function liveTable({ stopped, watched }: LiveTimes): string {
  const rows = ROWS.map(([text, ms]) => {
    // Of logarithms: the mean of ratios of noisy times is above 1 where the times are equal.
    const logarithms = estimate(
      watched.map((window, i) => Math.log(ms(window) / ms(elementAt(stopped, i, "windows")))),
    );
    const ratio = Math.exp(logarithms.mean);
    const bounds = {
      n: logarithms.n,
      low: Math.exp(logarithms.low),
      high: Math.exp(logarithms.high),
      lowest: Math.exp(logarithms.lowest),
      highest: Math.exp(logarithms.highest),
    };
    const without = medianOf(stopped.map(ms));
    const withPage = medianOf(watched.map(ms));
    return [
      text,
      without.toFixed(2),
      withPage.toFixed(2),
      (withPage / without).toFixed(3),
      `${ratio.toFixed(3)} ${intervalText(bounds, 3)}`.trimEnd(),
    ];
  });
  const head = ["in a run with --view", "browser stopped, ms", "a page follows, ms", "ratio", "pair by pair"];
  return `${table([head], rows)}\nMedians of ${stopped.length} windows of ${WINDOW} s each; pair by pair: geometric mean of neighbours' ratios with its 95 % bootstrap interval.`;
}

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { RunError } from "../../sim/core/errors.js";
import { launchChromium } from "../figures/chromium.js";
import { table } from "../tables.js";
import { readUsage } from "../usage.js";
import { median } from "./measure.js";

/** How a run is watched: not at all, by a viewer that no page has asked, and by a page that follows it. */
export const WATCHING = ["alone", "viewer", "page"] as const;
export type Watching = (typeof WATCHING)[number];

const TEXTS: Readonly<Record<Watching, string>> = {
  alone: "train",
  viewer: "train --view",
  page: "train --view, a page follows",
};

/** What a run took of the machine, ms, the viewer's and the browser's processes not counted. */
export interface LiveTimes {
  readonly wallMs: number;
  readonly cpuMs: number;
}
export type LiveResults = Readonly<Record<Watching, readonly LiveTimes[]>>;

export interface LiveOptions {
  /** Runs of each kind, taken in turn. */
  readonly rounds: number;
  /** Tasks of cartpole that a run learns. */
  readonly tasks: number;
  /** Prints a line on how far it is. */
  readonly say: (text: string) => void;
}

/**
 * What watching a run costs it: the same short quick run of cartpole on one thread, again and again, as processes of
 * their own. The browser is started before.
 * @throws RunError without Chromium, or when a run fails
 */
export async function measureLive({ rounds, tasks, say }: LiveOptions): Promise<LiveResults> {
  const results: Record<Watching, LiveTimes[]> = { alone: [], viewer: [], page: [] };
  const browser = await launchChromium("own");
  const folder = mkdtempSync(join(tmpdir(), "hypercrl-bench-"));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const watching of WATCHING) {
        const out = join(folder, `${watching}-${round}`);
        const times = await runOnce(out, tasks, watching, browser);
        say(
          `${TEXTS[watching]}: ${(times.wallMs / 1e3).toFixed(1)} s, processor ${(times.cpuMs / 1e3).toFixed(1)} s`,
        );
        results[watching].push(times);
      }
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

async function runOnce(out: string, tasks: number, watching: Watching, browser: Browser): Promise<LiveTimes> {
  const cli = fileURLToPath(new URL("../cli.js", import.meta.url));
  const args = ["train", "--suite", "cartpole", "--seed", "1", "--threads", "1", "--json", "--out", out];
  const view = watching === "alone" ? [] : ["--view"];
  const child = spawn(process.execPath, [cli, ...args, "--set", `tasks=${tasks}`, ...view], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((done) => child.on("close", done));
  let page: Promise<Page> | undefined;
  let finished = false;
  try {
    for await (const line of createInterface(child.stdout)) {
      const event = JSON.parse(line) as { kind: string; url: string };
      if (event.kind === "view" && watching === "page") page = openPage(browser, event.url);
      if (event.kind !== "summary") continue;
      finished = true;
      // A watched run leaves its viewer open until it is told to stop.
      if (watching !== "alone") child.kill("SIGINT");
    }
  } finally {
    await (await page)?.close();
    child.kill("SIGKILL");
    await ended;
  }
  const usage = readUsage(out);
  if (finished && usage?.cpuMs !== undefined) return { wallMs: usage.wallMs, cpuMs: usage.cpuMs };
  throw new RunError({
    what: `The measured run (${TEXTS[watching]}) has failed`,
    got: `exit code ${child.exitCode ?? child.signalCode}`,
    expected: "a finished run",
    todo: "See its message above",
  });
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1366, height: 768 } });
  await page.goto(url);
  return page;
}

export function liveTable(results: LiveResults): string {
  const ratios = (watching: Watching, time: keyof LiveTimes) => {
    const all = results[watching].map((times, round) => times[time] / results.alone[round][time]);
    const shown = [median(all), Math.min(...all), Math.max(...all)].map((ratio) => ratio.toFixed(3));
    return `${shown[0]} (${shown[1]} to ${shown[2]})`;
  };
  const seconds = (watching: Watching, time: keyof LiveTimes) =>
    (median(results[watching].map((times) => times[time])) / 1e3).toFixed(1);
  const rows = WATCHING.map((watching) => [
    TEXTS[watching],
    seconds(watching, "wallMs"),
    ratios(watching, "wallMs"),
    seconds(watching, "cpuMs"),
    ratios(watching, "cpuMs"),
  ]);
  const head = ["run", "wall, s", "to train", "processor, s", "to train"];
  return `${table(head, rows)}\nMedians of ${results.alone.length} rounds; ratios round by round (least to most). Processor time of the training process alone.`;
}

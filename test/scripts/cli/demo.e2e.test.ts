import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { metricsByType, readMetrics } from "../../../agent/run/read-log.js";
import { demoUnannouncedCommand } from "../../../scripts/cli/commands/demo-unannounced.js";
import { type Io, SILENT_IO } from "../../../scripts/cli/io.js";
import { newestRun } from "../../../scripts/runs/newest-run.js";
import { UsageError } from "../../../sim/core/errors.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { call, expectOneError, TINY, unwrapped } from "../call.js";
import { run } from "../cli.js";

const folder = temporaryFolder();
const runs = join(folder, "runs");
const learned = join(runs, "learned");
const DEMO = ["demo", "unannounced"];

beforeAll(async () => {
  const trained = await run(["train", "--out", learned, "--method", "finetune", ...TINY]);
  expect(trained.code, trained.stderr).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Shown {
  readonly recordings: string;
  readonly afterTask: number;
  readonly episodes: readonly {
    readonly task: string;
    readonly recording: string;
    readonly return: number;
    readonly toldReturn?: number;
    readonly recognition: { readonly steps: number };
  }[];
}

const shown = (stdout: string) => JSON.parse(stdout) as Shown;

describe("hypercrl demo unannounced", () => {
  it("plays every task in an order drawn by the seed, beside what the run returned when it was told, and leaves the run as it is", async () => {
    const before = fileHashes(learned);
    const { code, stdout, stderr } = await call([...DEMO, learned, "--threads", "1", "--json"]);
    expect(code, stderr).toBe(0);
    const { recordings, episodes, afterTask } = shown(stdout);
    expect(recordings).toBe(`${learned}-unannounced`);
    expect(afterTask).toBe(2);
    expect(readdirSync(recordings)).toHaveLength(2);
    const { evaluation } = metricsByType(readMetrics(learned));
    for (const { task, recording, toldReturn, return: sum } of episodes) {
      const { header, totals } = readEpisode(recording);
      expect([header.task, totals.return]).toEqual([task, sum]);
      const own = evaluation.find((r) => r.afterTask === 1 && r.task === task)!;
      expect(toldReturn).toBe(own.return);
      // From the very same start.
      const told = readEpisode(join(learned, own.recording));
      expect(readEpisode(recording).start.observation).toEqual(told.start.observation);
    }
    expect(new Set(episodes.map(({ task }) => task)).size).toBe(2);
    expect(fileHashes(learned)).toEqual(before);
  });

  it("takes other seeds, which change the order alone, and folders that are free", async () => {
    const orders = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const out = join(folder, `seed${seed}`);
      const { stdout } = await call([
        ...DEMO,
        learned,
        "--threads",
        "1",
        "--json",
        "--seed",
        `${seed}`,
        "--out",
        out,
      ]);
      const { episodes } = shown(stdout);
      expect(episodes.every(({ toldReturn }) => toldReturn !== undefined)).toBe(true);
      orders.add(episodes.map(({ task }) => task).join());
      if (orders.size === 2) break;
    }
    expect(orders.size).toBe(2);
  });

  it("without a terminal prints a table and how to look at it, and verifies", async () => {
    const out = join(folder, "text");
    const { code, stdout } = await call([
      ...DEMO,
      learned,
      "--threads",
      "1",
      "--episodes",
      "2",
      "--out",
      out,
    ]);
    expect(code).toBe(0);
    const text = unwrapped(stdout);
    expect(text).toMatch(/ on 4 episodes whose task it was not told, in the order in which they were played/);
    expect(text.match(/^│ .*evaluate-0\d-0[12] │$/gm)).toHaveLength(4);
    // The run itself has one evaluation episode of each task.
    expect(text.match(/^│ .* – │ \S+-02 │$/gm)).toHaveLength(2);
    expect(stdout).toContain(`npx hypercrl view ${out}`);
    const { code: same } = await call([
      "replay",
      ...readdirSync(out).map((name) => join(out, name)),
      "--verify",
    ]);
    expect(same).toBe(0);
  });

  it("at a terminal serves the page on them, the first one played first, until it is stopped", async () => {
    const stop = new AbortController();
    const printed: string[] = [];
    const open: Promise<unknown>[] = [];
    const io: Io = {
      ...SILENT_IO,
      attended: true,
      stopSignal: () => stop.signal,
      out: (text) => {
        printed.push(text);
        const url = /Showing (\S+) until Ctrl-C/.exec(text)?.[1];
        if (url === undefined) return;
        open.push(
          fetch(`${url}index.json`)
            .then((answer) => answer.json())
            .finally(() => stop.abort("SIGINT")),
        );
      },
    };
    const out = join(folder, "terminal");
    expect(await demoUnannouncedCommand(learned, { open: false, out, threads: 1 }, io)).toBe(0);
    const first = /^│ +(\S+) .* (\S+) │$/m.exec(printed[0]!.slice(printed[0]!.indexOf("├")))!;
    const index = (await open[0]) as { open: { file: string }[]; episodes: { file: string; task: string }[] };
    expect(index.open.map(({ file }) => file)).toEqual([`${first[2]}.mcap`]);
    expect(index.episodes.find(({ file }) => file === `${first[2]}.mcap`)!.task).toBe(first[1]);
    expect(index.episodes).toHaveLength(2);
  });

  it("refuses what cannot be shown, before anything is made", async () => {
    const out = join(folder, "never");
    const refused = async (args: readonly string[], code: number, message: RegExp) => {
      expectOneError(await call([...DEMO, ...args, "--out", out]), code, message);
      expect(existsSync(out)).toBe(false);
    };
    await refused([join(folder, "none")], 3, /settings\.json is missing; expected a run folder/);
    const one = join(folder, "one");
    await run(["train", "--out", one, "--method", "finetune", ...TINY, "--set", "tasks=1"]);
    await refused([one], 2, /There are too few tasks to tell apart; got 1 task that was learned/);
    const folderThere = await call([...DEMO, learned, "--out", learned]);
    expectOneError(folderThere, 2, /exists; got a file or folder for recordings that is there already/);
    expectOneError(
      await call(["demo", "announced"]),
      2,
      /'announced' is invalid.*Allowed choices are unannounced/,
    );
  });
});

describe("newestRun", () => {
  it("is the finished run that ended last, of those with enough tasks", async () => {
    const newer = join(runs, "newer");
    await run(["train", "--out", newer, "--method", "finetune", ...TINY, "--set", "tasks=1"]);
    // One that has not ended.
    mkdirSync(join(runs, "begun"));
    copyFileSync(join(learned, "settings.json"), join(runs, "begun", "settings.json"));
    expect(newestRun(runs, 2)).toBe(learned);
    expect(newestRun(runs, 1)).toBe(newer);
    const later = new Date(Date.now() + 60_000);
    utimesSync(join(learned, "evaluation.json"), later, later);
    expect(newestRun(runs, 1)).toBe(learned);
  });

  it("is refused where there is none", () => {
    expect(() => newestRun(join(folder, "nowhere"), 2)).toThrow(UsageError);
    expect(() => newestRun(runs, 3)).toThrow(
      /no finished run with 3 tasks or more in .*runs\/; got none among its folders/,
    );
  });
});

import { appendFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunWatcher } from "../../../scripts/viewer/run-watcher.js";
import { lockFolder } from "../../../sim/core/folder-lock.js";
import { temporaryFolder } from "../../files.js";
import { BASELINE, beginRun, LAST_EVALUATION, LEARNING, MODEL_ERROR, TRAINING } from "./run-lines.js";

let run: string;
let log: string;
let watcher: RunWatcher;

beforeEach(() => {
  run = temporaryFolder();
  log = join(run, "metrics.jsonl");
  beginRun(run);
  watcher = new RunWatcher(3, run);
});

afterEach(() => rmSync(run, { recursive: true, force: true }));

const filesOf = (update: ReturnType<RunWatcher["poll"]>) => update?.episodes.map(({ file }) => file);

describe("RunWatcher", () => {
  it("tells how much a run is to do before it has done anything", () => {
    expect(watcher.poll()).toEqual({
      source: 3,
      fresh: false,
      status: "stopped",
      episodes: [],
      plan: {
        ...{ tasks: 2, isOnce: true, evaluationEpisodes: 1 },
        visits: [0, 1].map((task) => ({ task, explores: true, steps: 300, lastEvaluated: task })),
      },
    });
    expect(watcher.poll()).toBeUndefined();
  });

  it("tells of new episodes and the last loss, and sums up for who comes later", () => {
    writeFileSync(log, BASELINE);
    const { episodes } = watcher.poll()!;
    const [file, task] = ["baseline-01-01.mcap", "first"];
    const common = { taskIndex: 0, episode: 0, return: -1.5, success: false };
    expect(episodes).toEqual([{ ...common, task, phase: "random", afterTask: -1, file }]);
    appendFileSync(log, `{"type":"kept","transitions":3}\nno JSON\n${TRAINING}${LEARNING}`);
    const update = watcher.poll()!;
    expect(update).toMatchObject({ fresh: false, loss: 0.25 });
    expect(update.episodes).toEqual([
      { ...common, task, phase: "train", afterTask: 0, steps: 150, file: "01-train-0001.mcap" },
    ]);
    const whole = watcher.whole();
    expect(whole).toMatchObject({ fresh: true, loss: 0.25 });
    expect(filesOf(whole)).toEqual(["baseline-01-01.mcap", "01-train-0001.mcap"]);
  });

  it("begins again when the log was cut back", () => {
    writeFileSync(log, BASELINE + TRAINING + LEARNING);
    watcher.poll();
    truncateSync(log, BASELINE.length);
    const update = watcher.poll()!;
    expect(update.fresh).toBe(true);
    expect(filesOf(update)).toEqual(["baseline-01-01.mcap"]);
    expect(update.loss).toBeUndefined();
  });

  it("knows whether a process is at work, and when the last evaluation is made", () => {
    writeFileSync(log, BASELINE);
    expect(watcher.poll()?.status).toBe("stopped");
    const lock = lockFolder(run, "Run");
    expect(watcher.poll()).toMatchObject({ status: "running", fresh: false, episodes: [] });
    appendFileSync(log, LAST_EVALUATION);
    expect(watcher.poll()?.status).toBe("done");
    appendFileSync(log, MODEL_ERROR);
    expect(watcher.poll()).toMatchObject({ status: "done", episodes: [] });
    lock.release();
    expect(watcher.poll()).toBeUndefined();
  });

  it("says that the folder was removed and keeps what it had", () => {
    writeFileSync(log, BASELINE);
    watcher.poll();
    rmSync(run, { recursive: true });
    expect(watcher.poll()).toMatchObject({ status: "gone", fresh: false, episodes: [] });
    expect(watcher.poll()).toBeUndefined();
    expect(filesOf(watcher.whole())).toEqual(["baseline-01-01.mcap"]);
  });
});

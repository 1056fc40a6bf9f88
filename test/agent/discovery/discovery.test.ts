import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { metricsByType, readMetrics } from "../../../agent/run/read-log.js";
import { RunStore } from "../../../agent/run/store.js";
import { RunError, UsageError } from "../../../sim/core/errors.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { fakeTask } from "../../sim/recording/fake-task.js";
import { VERSIONS } from "../short-run.js";
import { CHANGES, discoveringLoop, openDiscoveringRun } from "./discovering-run.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

const untimed = (run: string) => Object.entries(fileHashes(run)).filter(([file]) => !file.includes("timing"));

describe("a run that is not told when its task changes", () => {
  const whole = join(root, "whole");
  beforeAll(async () => {
    const { store, loop } = openDiscoveringRun(whole);
    expect(await loop.run()).toBe("done");
    store.close();
  }, 300_000);

  it("finds the second task as a new one, recognises both when they return, and nothing else", () => {
    const { detection } = metricsByType(readMetrics(whole));
    expect(detection.map(({ kind, found, before }) => [kind, found, before])).toEqual([
      ["new", 1, 0],
      ["return", 0, 1],
      ["return", 1, 0],
    ]);
    for (const [i, { runSteps, delay, held, steps }] of detection.entries()) {
      expect(runSteps - CHANGES[i]!).toBe(delay);
      expect(steps).toBe(delay);
      expect(delay).toBeLessThan(70);
      // The change is estimated to have come within a few steps of when it came.
      expect(Math.abs(held - (delay ?? 0))).toBeLessThan(10);
    }
  });

  it("notes in log and recordings which task was believed in beside the one that was there", () => {
    const { episode } = metricsByType(readMetrics(whole));
    const steps = episode.map(({ believed = [] }) => believed.reduce((sum, b) => sum + b.steps, 0));
    expect(new Set(steps)).toEqual(new Set([7]));
    const mixed = episode.filter(({ believed = [] }) => believed.length > 1);
    expect(mixed.map(({ taskIndex }) => taskIndex)).toEqual([1, 0, 1]);
    for (const { recording, believed, taskIndex } of mixed) {
      const { header } = readEpisode(join(whole, recording));
      expect(header.believed).toEqual(believed);
      expect(header.taskIndex).toBe(taskIndex);
    }
  });

  it("explores at random where a task is new, for as many steps as it has no data of it, and nowhere else", () => {
    const { episode } = metricsByType(readMetrics(whole));
    const random = episode.filter(({ phase }) => phase === "random").map(({ visit }) => visit);
    expect(new Set(random)).toEqual(new Set([0, 1]));
    expect(random.filter((visit) => visit === 0)).toHaveLength(15);
  });

  it("killed between a change and its discovery goes on to the same bytes", async () => {
    const { folder, store, loop } = openDiscoveringRun(join(root, "killed"));
    const save = store.save.bind(store);
    vi.spyOn(store, "save").mockImplementation((state) => {
      save(state);
      const { stage, task, episode } = state.progress;
      if (stage !== "learn" || task !== 2 || episode !== 1) return;
      expect(state.current?.discovery?.held.length).toBeGreaterThan(0);
      throw new RunError({ what: "killed" });
    });
    await expect(loop.run()).rejects.toThrow("killed");
    store.close();
    const resumed = RunStore.resume(folder, VERSIONS, () => fakeTask().spec);
    const again = discoveringLoop(resumed.store);
    await again.restore(resumed.checkpoint!);
    expect(resumed.store.takeUp()).toEqual([]);
    again.readLog();
    expect(await again.run()).toBe("done");
    resumed.store.close();
    expect(untimed(folder)).toEqual(untimed(whole));
  }, 300_000);

  it("ends with an error that names the limit where more tasks are found than it may learn", async () => {
    const { store, loop } = openDiscoveringRun(join(root, "limit"), ["loop.mostTasks=1"]);
    await expect(loop.run()).rejects.toThrow(
      /The agent has found more tasks than it may learn; got .*; expected at most 1, loop\.mostTasks/,
    );
    store.close();
  }, 300_000);
});

it("refuses a method that cannot learn a task again, and names it", () => {
  const open = (method: string) => () =>
    openDiscoveringRun(join(root, method), ["loop.schedule=once"], method);
  expect(open("pnn")).toThrow(UsageError);
  expect(open("pnn")).toThrow(/Method pnn cannot find its tasks by itself; got loop\.boundaries=detected/);
});

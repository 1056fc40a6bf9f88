import stringWidth from "string-width";
import { expect, it } from "vitest";
import type { RunEvent } from "../../../agent/run/run-events.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { SILENT_IO } from "../../../scripts/cli/io.js";
import { ProgressTracker } from "../../../scripts/cli/progress.js";
import { duration, textView } from "../../../scripts/cli/progress-view.js";
import type { RunStart } from "../../../scripts/runs/train.js";
import { pushSuite } from "../../../tasks/push/push.js";
import { CATALOG } from "../../agent/fixtures.js";
import { episodeRecord, evaluationRecord } from "../../agent/run/make-records.js";

function start(tasks = 2, more: readonly string[] = []): RunStart {
  const choice = { suite: pushSuite, method: "hypercrl", profile: "quick", seed: 1 };
  const assignments = [
    ...[`tasks=${tasks}`, "loop.initialRandomSteps=10", "loop.stepsPerTask=100", "loop.evaluationEpisodes=2"],
  ];
  const settings = resolveSettings(choice, [...assignments, ...more], CATALOG);
  return { folder: "x", settings, tasks: pushSuite.tasks.slice(0, tasks), progress: undefined };
}

const tracker = () => new ProgressTracker(start());

it("extrapolates planned steps and evaluation episodes separately", () => {
  const t = tracker();
  const step = (steps: number, now: number) =>
    t.accept({ type: "step", task: "500-500", taskIndex: 0, visit: 0, steps, total: 110 }, now);
  for (let s = 1; s <= 10; s++) step(s, s);
  expect(t.remainingMs).toBeNaN();
  for (let s = 11; s <= 60; s++) {
    t.accept({ type: "planned", ms: 4 }, 0);
    step(s, 10 + (s - 10) * 5);
  }
  // 150 planned steps at 5 ms; (1 + 2) · 2 evaluation episodes of 120 steps at 4 ms of planning.
  expect(t.remainingMs).toBeCloseTo(150 * 5 + 6 * 120 * 4, 9);
  const evaluation = (episode: number, now: number) =>
    t.accept(evaluationRecord({ task: "500-500", episode }), now);
  evaluation(0, 1260);
  evaluation(1, 2260);
  expect(t.remainingMs).toBeCloseTo(100 * 5 + 4 * 1000, 9);
});

it("counts the evaluations that are left where some tasks are left out", () => {
  const t = new ProgressTracker(start(4, ["loop.evaluateTasks=2"]));
  const evaluation = (afterTask: number, taskIndex: number, episode: number, now: number) =>
    t.accept(evaluationRecord({ afterTask, taskIndex, episode }), now);
  evaluation(2, 2, 0, 1000);
  evaluation(2, 2, 1, 2000);
  // No steps of the last task yet; 4 tasks of 2 episodes after it.
  evaluation(3, 0, 0, 3000);
  expect(t.remainingMs).toBeCloseTo(7 * 1000, 9);
  evaluation(3, 3, 0, 4000);
  expect(t.remainingMs).toBeCloseTo(1000, 9);
});

it("takes from a record which task was evaluated, whatever the task is called", () => {
  const t = tracker();
  const first = { task: "renamed", taskIndex: 1, afterTask: 1, episode: 0 };
  t.accept(evaluationRecord({ ...first }), 0);
  t.accept(evaluationRecord({ ...first, episode: 1 }), 700);
  expect(t.remainingMs).toBe(0);
});

it("keeps the last returns of the task at hand, and the median planning time", () => {
  const t = tracker();
  for (const ms of [1, 100, 3]) t.accept({ type: "planned", ms }, 0);
  expect(t.planningMs).toBe(3);
  for (let k = 0; k < 7; k++) {
    t.accept(episodeRecord({ task: "500-500", return: k }), 0);
  }
  expect(t.returns).toEqual([2, 3, 4, 5, 6]);
  t.accept({ type: "step", task: "100-500", taskIndex: 1, visit: 1, steps: 1, total: 110 }, 0);
  expect(t.returns).toEqual([]);
});

it("draws rows of at most 30 columns on terminals of any width, which would otherwise break them when resized", () => {
  let now = 0;
  const drawn: string[] = [];
  const live = { update: (text: string) => drawn.push(text), clear: () => {} };
  const view = textView({ ...SILENT_IO, live, columns: () => 120, now: () => now });
  view.start(start());
  const steps = { type: "step", task: "500-500", taskIndex: 0, visit: 0, total: 110 } as const;
  const accept = (event: RunEvent) => {
    now += 3000;
    view.accept(event);
  };
  for (let s = 1; s <= 60; s++) {
    accept({ type: "planned", ms: 123.4 });
    accept({ ...steps, steps: s });
    if (s % 10 === 0) accept(episodeRecord({ task: "500-500", return: -123.4 * s }));
  }
  accept(evaluationRecord({ task: "500-500", episode: 0 }));
  const rows = drawn.flatMap((text) => text.split("\n"));
  expect(drawn.at(-2)).toMatch(/^task 1\/2 500-500 .*step 60 of 110.*last returns .*loss .*planning 123/s);
  expect(drawn.at(-1)).toContain("evaluating  now on 500-500");
  expect(rows.filter((row) => stringWidth(row) > 30)).toEqual([]);
});

it("prints durations for people", () => {
  expect([4e3, 600e3, 11_100e3].map(duration)).toEqual(["4 s", "10 min", "3 h 05 min"]);
});

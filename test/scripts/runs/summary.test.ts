import { expect, it } from "vitest";
import { summaryText } from "../../../scripts/compare/summary-text.js";
import { measureKeys, measureTitle } from "../../../scripts/compare/tables.js";
import { shellWord } from "../../../scripts/runs/shell-word.js";
import { spread, summarize } from "../../../scripts/runs/summary.js";
import { baselineRecord, episodeRecord, evaluationRecord } from "../../agent/run/make-records.js";

const evaluation = (afterTask: number, taskIndex: number, value: number, success = false) =>
  evaluationRecord({
    task: "ab"[taskIndex]!,
    taskIndex,
    afterTask,
    return: value,
    success,
    measures: { positionErrorMm: value * 10 },
    recording: `episodes/e${afterTask}${taskIndex}.mcap`,
  });

it("takes R[j][j], R[K-1][j] and their difference", () => {
  const { tasks, afterTask } = summarize([
    baselineRecord({ return: 1 }),
    baselineRecord({ return: 3 }),
    baselineRecord({ task: "b", taskIndex: 1, return: 5 }),
    evaluation(0, 0, 10),
    evaluation(0, 0, 20),
    evaluation(1, 0, 6, true),
    evaluation(1, 0, 8),
    evaluation(1, 1, 30, true),
  ]);
  expect(afterTask).toBe(1);
  expect(tasks).toEqual([
    {
      ...{ task: "a", random: 2, learned: 15, final: 7, forgetting: 8, success: 0.5 },
      counts: { success: { count: 1, of: 2 } },
      measures: { positionErrorMm: 70 },
    },
    {
      ...{ task: "b", random: 5, learned: 30, final: 30, forgetting: Number.NaN, success: 1 },
      counts: { success: { count: 1, of: 1 } },
      measures: { positionErrorMm: 300 },
    },
  ]);
});

it("has no return after the last task of one that was evaluated only before, nor a mean over it", () => {
  const summary = summarize([
    ...[baselineRecord({ return: 1 }), baselineRecord({ task: "b", taskIndex: 1, return: 5 })],
    ...[evaluation(0, 0, 10), evaluation(1, 1, 30, true)],
  ]);
  const nothing = {
    final: Number.NaN,
    forgetting: Number.NaN,
    success: Number.NaN,
    counts: {},
    measures: {},
  };
  expect(summary.tasks[0]).toEqual({ task: "a", random: 1, learned: 10, ...nothing });
  expect(summary.tasks[1]).toMatchObject({ learned: 30, final: 30 });
  expect(summaryText(summary, 120)).toMatch(
    /│ a +│ +1\.0 │ +10\.0 │ +– │ +– │ +– │.*\n│ b .*\n│ mean +│ +3\.0 │ +20\.0 │ +– │ +– │ +– │/,
  );
});

it("counts what else a task names, in a column of its own and over all tasks", () => {
  const held = (taskIndex: number, success: boolean, heldOpen: boolean) =>
    evaluationRecord({
      ...{ task: "ab"[taskIndex]!, taskIndex, afterTask: 1, success },
      ...{ measures: { heldOpen: Number(heldOpen), doorAngle: 0.3 }, outcomes: { heldOpen } },
    });
  const records = [held(0, true, true), held(0, true, false), held(1, true, false), held(1, false, false)];
  const summary = summarize(records);
  expect(summary.tasks.map(({ counts }) => counts.heldOpen)).toEqual([
    { count: 1, of: 2 },
    { count: 0, of: 2 },
  ]);
  const text = summaryText(summary, 120);
  expect(text).toMatch(/│ a .*│ +100 % │ +50 % │ +0\.3 │/);
  expect(text).toContain("Last evaluation, all tasks: success 3 of 4, held open 1 of 4.");
});

it("says what was not measured yet", () => {
  const summary = summarize([baselineRecord()]);
  expect(summary).toMatchObject({ afterTask: -1, best: undefined });
  expect(summary.tasks[0]!.learned).toBeNaN();
  expect(summaryText(summary, 120)).toMatch(/│ a +│ +1\.0 │ +– │ +– │ +– │ +– │/);
});

it("a task after which none was learned has no forgetting, and the mean is that of the others", () => {
  const one = [baselineRecord({ return: 1 }), evaluation(0, 0, 10)];
  expect(summarize(one).tasks[0]!.forgetting).toBeNaN();
  const two = [
    ...one,
    baselineRecord({ task: "b", taskIndex: 1, return: 5 }),
    evaluation(1, 0, 4),
    evaluation(1, 1, 30),
  ];
  expect(summaryText(summarize(two), 120)).toMatch(/│ b .*│ +30\.0 │ +– │.*\n│ mean .*│ +17\.0 │ +6\.0 │/);
});

it("takes logs of any length", () => {
  const many = Array.from({ length: 200_000 }, (_, i) =>
    episodeRecord({ phase: "train", episode: i, steps: 2 * i + 2, return: i }),
  );
  expect(summarize(many).best?.return).toBe(199_999);
  expect(spread(many.map((r) => r.return))).toMatchObject({ min: 0, max: 199_999 });
});

it("the best episode is an evaluation, or before the first a planned one of full length", () => {
  const learning = (phase: "random" | "train", steps: number, value: number, taskIndex = 0) => {
    const recording = `episodes/${phase}${taskIndex}-${steps}.mcap`;
    return episodeRecord({ phase, steps, return: value, taskIndex, recording });
  };
  const records = [
    learning("random", 120, 99),
    learning("train", 240, -5),
    learning("train", 250, -1),
    learning("random", 120, 99, 1),
    learning("train", 240, -4, 1),
  ];
  expect(summarize(records).best).toMatchObject({
    ...{ kind: "learning", recording: "episodes/train1-240.mcap", return: -4 },
  });
  const cut = summarize([
    ...records,
    episodeRecord({ phase: "train", steps: 360, return: 5, taskIndex: 1, cut: true }),
  ]);
  expect(cut.best?.return).toBe(-4);
  const evaluated = summarize([...records, evaluation(0, 0, -9), evaluation(1, 0, -8)]);
  expect(evaluated.best).toEqual({
    kind: "evaluation",
    recording: "episodes/e10.mcap",
    task: "a",
    return: -8,
  });
});

it("spread is the sample's", () => {
  expect(spread([2, 4, 9])).toEqual({ mean: 5, std: Math.sqrt(13), min: 2, max: 9 });
  expect(spread([3]).std).toBe(0);
  expect(spread([]).mean).toBeNaN();
});

it("names measures for people, and prefers errors", () => {
  expect(measureTitle("positionErrorMm")).toBe("position\nerror, mm");
  expect(measureKeys([{ measures: { speed: 1, yawErrorDeg: 2 } }])).toEqual(["yawErrorDeg"]);
  expect(measureKeys([{ measures: { a: 1, b: 2, c: 3, d: 4 } }])).toEqual(["a", "b", "c"]);
});

it("the replay command survives a shell", () => {
  expect(shellWord("runs/a-1/x.mcap")).toBe("runs/a-1/x.mcap");
  expect(shellWord("my run's")).toBe("'my run'\\''s'");
});

import { describe, expect, it } from "vitest";
import { EvaluationMatrix } from "../../../agent/run/evaluation-matrix.js";
import { baselineRecord, episodeRecord, evaluationRecord, trainingRecord } from "./make-records.js";

describe("EvaluationMatrix", () => {
  it("is NaN where nothing was measured, else the mean of the episodes", () => {
    const matrix = new EvaluationMatrix(["a", "b"]);
    expect([matrix.random(1), matrix.mean(1, 0)]).toEqual([Number.NaN, Number.NaN]);
    matrix.add(1, 0, 3);
    matrix.add(1, 0, -8);
    matrix.add(1, 1, 7);
    matrix.addRandom(1, 10);
    matrix.addRandom(1, 20);
    expect([matrix.mean(1, 0), matrix.mean(1, 1), matrix.random(1)]).toEqual([-2.5, 7, 15]);
    expect([matrix.mean(0, 0), matrix.random(0)]).toEqual([Number.NaN, Number.NaN]);
  });

  it("knows the last task after which every task so far was evaluated", () => {
    const matrix = new EvaluationMatrix(["a", "b", "c"]);
    expect(matrix.lastComplete).toBe(-1);
    matrix.add(0, 0, 1);
    expect(matrix.lastComplete).toBe(0);
    matrix.add(1, 0, 2);
    expect(matrix.lastComplete).toBe(0);
    matrix.add(1, 1, 3);
    expect(matrix.lastComplete).toBe(1);
    matrix.add(2, 2, 4);
    expect(matrix.lastComplete).toBe(1);
  });

  it("writes complete rows only, with the random policy and the tasks' names", () => {
    const matrix = new EvaluationMatrix(["a", "b"]);
    matrix.addRandom(0, -1);
    matrix.add(0, 0, 1);
    matrix.add(0, 0, 2);
    matrix.add(1, 0, 5);
    const { definition, ...rest } = matrix.toJson();
    expect(rest).toEqual({ tasks: ["a", "b"], random: [[-1], []], returns: [[[1, 2]]] });
    expect(definition).toMatch(/returns\[i\]\[j\]/);
    matrix.add(1, 1, 6);
    expect(JSON.parse(JSON.stringify(matrix.toJson())).returns).toEqual([[[1, 2]], [[5], [6]]]);
  });

  it("has no mean where a task was left out, and says so where it is written", () => {
    const matrix = new EvaluationMatrix(["a", "b", "c"], (i) => (i === 1 ? [1] : [0, 1, 2].slice(0, i + 1)));
    matrix.add(0, 0, 1);
    expect(matrix.toJson().definition).not.toContain("empty list");
    matrix.add(1, 1, 2);
    expect(matrix.lastComplete).toBe(1);
    expect(matrix.mean(1, 0)).toBeNaN();
    const { definition, returns } = matrix.toJson();
    expect(definition).toMatch(/; an empty list: not evaluated then$/);
    expect(returns).toEqual([[[1]], [[], [2]]]);
  });

  it("takes returns of the random policy and of evaluations, and leaves other records out", () => {
    const matrix = new EvaluationMatrix(["a", "b"]);
    const records = [
      baselineRecord({ taskIndex: 0, return: -3 }),
      baselineRecord({ taskIndex: 1, return: -5 }),
      trainingRecord(),
      episodeRecord({ return: 99 }),
      evaluationRecord({ return: 4 }),
      evaluationRecord({ return: 6 }),
      evaluationRecord({ afterTask: 1, return: 2 }),
    ];
    for (const record of records) matrix.accept(record);
    expect([matrix.random(0), matrix.random(1), matrix.mean(0, 0), matrix.mean(1, 0)]).toEqual([
      -3, -5, 5, 2,
    ]);
    expect(matrix.lastComplete).toBe(0);
  });
});

import { describe, expect, it } from "vitest";
import { mixed, recognitionOf } from "../../../agent/evaluation/evaluate-unannounced.js";
import { Rng } from "../../../sim/core/rng.js";

/** Probabilities of three tasks, of which the first is the right one. */
const RIGHT = Float64Array.of(0.9, 0.06, 0.04);
const LIKELY = Float64Array.of(0.45, 0.3, 0.25);
const WRONG = Float64Array.of(0.2, 0.7, 0.1);
const ALARM = Float64Array.of(0.01, 0.98, 0.01);
const EVEN = new Float64Array(3).fill(1 / 3);

describe("recognitionOf", () => {
  it.each([
    // Before the first of three steps, and after each.
    [[WRONG, RIGHT, RIGHT, RIGHT], { steps: 3, rightSteps: 2, stepsUntilRight: 1 }],
    [[RIGHT, RIGHT, LIKELY, RIGHT], { steps: 3, rightSteps: 3, stepsUntilRight: 0 }],
    [[EVEN, RIGHT, WRONG, RIGHT], { steps: 3, rightSteps: 1, stepsUntilRight: 3 }],
    [[RIGHT, RIGHT, RIGHT, ALARM], { steps: 3, rightSteps: 3, stepsUntilRight: null }],
    [[EVEN, WRONG], { steps: 1, rightSteps: 0, stepsUntilRight: null }],
  ])("of %j counts planned steps and finds when it is right for good", (beliefs, wanted) => {
    const disagreements = new Array<number>(beliefs.length - 1).fill(0);
    expect(recognitionOf(beliefs, 0, disagreements, 0.95)).toMatchObject(wanted);
  });

  it.each([
    // Counted from the belief that the informative step was made with.
    [[EVEN, WRONG, WRONG, LIKELY, RIGHT], [0, 1.9, 2.1, 9], { informativeStep: 3, detectionSteps: 2 }],
    [[EVEN, RIGHT, RIGHT], [0, 3], { informativeStep: 2, detectionSteps: 0 }],
    [[EVEN, LIKELY, WRONG], [5, 5], { informativeStep: 1, detectionSteps: null }],
    [[EVEN, RIGHT, RIGHT], [0, 2], { informativeStep: null, detectionSteps: null }],
  ])("of %j with disagreements %j counts steps of detection", (beliefs, disagreements, wanted) => {
    expect(recognitionOf(beliefs, 0, disagreements, 0.95)).toMatchObject(wanted);
  });

  it.each([
    [[ALARM, ALARM, RIGHT, LIKELY], 0],
    [[EVEN, RIGHT, WRONG, RIGHT], 0],
    [[EVEN, RIGHT, WRONG, ALARM, ALARM], 1],
    [[RIGHT, ALARM, RIGHT, ALARM], 2],
  ])("of %j counts the times that another task became certain", (beliefs, falseAlarms) => {
    const disagreements = new Array<number>(beliefs.length - 1).fill(0);
    expect(recognitionOf(beliefs, 0, disagreements, 0.95)).toMatchObject({ falseAlarms });
  });
});

describe("mixed", () => {
  it("gives every task its episodes, so many in a row, and never the same task after itself", () => {
    for (let seed = 0; seed < 50; seed++) {
      const order = mixed(3, 5, 2, Rng.fromSeed(seed));
      for (const task of [0, 1, 2]) expect(order.filter((k) => k === task)).toHaveLength(5);
      // Two rounds of two episodes for each task, and one of one.
      const blocks = [0, 2, 4, 6, 8, 10, 12, 13, 14].map((at) => order[at]!);
      const lengths = [2, 2, 2, 2, 2, 2, 1, 1, 1];
      expect(order).toEqual(blocks.flatMap((task, i) => new Array<number>(lengths[i]!).fill(task)));
      for (const [i, task] of blocks.slice(1).entries()) expect(task).not.toBe(blocks[i]);
    }
  });

  it("depends on the seed alone", () => {
    const orders = [1, 1, 2, 3].map((seed) => mixed(4, 3, 1, Rng.fromSeed(seed)).join());
    expect(orders[0]).toBe(orders[1]);
    expect(new Set(orders).size).toBe(3);
  });
});

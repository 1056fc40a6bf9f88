import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eagerOps } from "../../../sim/core/ops.js";
import { Environment, type EnvironmentState } from "../../../sim/environment.js";
import { outcomesOf } from "../../../sim/outcomes.js";
import type { Task } from "../../../sim/task.js";
import { initPhysics } from "../../../sim/world.js";
import { GOAL } from "../../../tasks/push-slide/layout.js";
import { FRICTIONS, pushSlideReward, pushSlideSuite } from "../../../tasks/push-slide/push-slide.js";

interface Slide {
  /** x of the second block after every step, mm. */
  readonly x: readonly number[];
  readonly heights: readonly number[];
  readonly measures: Readonly<Record<string, number>>;
  readonly succeeded: boolean;
  readonly return: number;
}

/** Six pushes straight ahead, six steps back, then waiting. */
function strike(task: Task, push: number): Slide {
  const environment = new Environment(task);
  environment.reset(1);
  const { scene } = environment;
  const index = scene.bodies.findIndex((b) => b.name === "secondBlock");
  const x: number[] = [];
  const heights: number[] = [];
  let total = 0;
  for (let k = 0; k < task.spec.episodeSteps; k++) {
    total += environment.step([k < 6 ? push : k < 12 ? -0.5 : 0, 0]).reward;
    const { position } = scene.bodyPose(index);
    x.push(position[0] * 1e3);
    heights.push(position[2] * 1e3);
  }
  const measures = scene.measure();
  environment.close();
  return { x, heights, measures, succeeded: task.succeeded(measures), return: total };
}

function between(value: number, low: number, high: number): void {
  expect(value).toBeGreaterThanOrEqual(low);
  expect(value).toBeLessThanOrEqual(high);
}

const { tasks } = pushSlideSuite;

beforeAll(initPhysics);

test("the suite has the published frictions in the published order", () => {
  expect(tasks.map((t) => t.name)).toEqual([
    "friction-0.001",
    "friction-0.0005",
    "friction-0.002",
    "friction-0.0026",
    "friction-0.005",
  ]);
  expect(tasks.map((t) => [t.spec.observation.length, t.spec.action.length])).toEqual(
    tasks.map(() => [18, 2]),
  );
});

describe("the same strike on the five frictions", () => {
  let slides: Slide[];

  beforeAll(() => {
    slides = tasks.map((task) => strike(task, 0.3));
  });

  // Bands of about ±10 % around what was measured with Rapier 0.20.0 on x86-64: 226, 272, 138, 106 and 56 mm.
  test.each([
    [0, 204, 248],
    [1, 245, 300],
    [2, 124, 152],
    [3, 95, 117],
    [4, 50, 62],
  ])("task %i slides %i to %i mm", (index, low, high) => {
    between(slides[index]!.measures.blockDisplacementMm!, low, high);
  });

  test("while it slides alone, the second block slows down as its own friction says", () => {
    slides.forEach(({ x }, i) => {
      // Mean velocity over a step, mm/s, one second apart, before the quickest to stop has stopped.
      const velocity = (k: number) => (x[k + 1]! - x[k]!) / 0.1;
      const friction = (velocity(8) - velocity(16)) / 0.8 / 9810;
      between(friction / FRICTIONS[i]!, 0.93, 1.03);
    });
  });

  test("it stays on the table and upright", () => {
    for (const { heights } of slides) {
      between(Math.min(...heights), 829.5, 830.2);
      between(Math.max(...heights), 829.5, 830.2);
    }
  });
});

// A strike found by trying a few; what solves one task misses the goal in another.
const SOLVING = [0.31, 0.29, 0.38, 0.41, 0.54];

test.each(tasks.map((task, i) => [task.name, i] as const))("%s can be solved by one strike", (_, i) => {
  const own = strike(tasks[i]!, SOLVING[i]!);
  expect(own.succeeded, `${own.measures.maxCornerErrorMm} mm`).toBe(true);
  expect(own.return).toBeGreaterThan(45);
});

test("the strike that solves the highest friction is too hard for the lowest", () => {
  const { measures, succeeded } = strike(tasks[1]!, SOLVING[4]!);
  expect(succeeded).toBe(false);
  expect(measures.blockDisplacementMm).toBeGreaterThan(400);
});

describe("a block that slides over the mark and on", () => {
  const task = tasks[1]!;
  let environment: Environment;
  const measured: Readonly<Record<string, number>>[] = [];
  const step = (k: number) => {
    environment.step([k < 6 ? SOLVING[2]! : k < 12 ? -0.5 : 0, 0]);
    measured.push(environment.scene.measure());
  };
  let middle: EnvironmentState;

  beforeAll(() => {
    environment = new Environment(task);
    environment.reset(1);
    measured.push(environment.scene.measure());
    for (let k = 0; k < 50; k++) {
      if (k === 40) middle = environment.snapshot();
      step(k);
    }
  });
  afterAll(() => environment.close());

  test("has passed, and does not succeed", () => {
    const last = measured.at(-1)!;
    expect(last.maxCornerErrorMm).toBeGreaterThan(50);
    expect(task.succeeded(last)).toBe(false);
    expect(outcomesOf(task, last)).toEqual({ passed: true });
  });

  test("keeps its smallest error of the episode so far, step by step from the start on", () => {
    let smallest = Number.POSITIVE_INFINITY;
    for (const { maxCornerErrorMm, closestCornerErrorMm } of measured) {
      smallest = Math.min(smallest, maxCornerErrorMm!);
      expect(closestCornerErrorMm).toBe(smallest);
    }
    expect(measured[0]!.closestCornerErrorMm).toBeGreaterThan(150);
    expect(smallest).toBeLessThan(50);
  });

  test("is in the snapshot: what goes on from one knows what was before, and a reset forgets it", () => {
    const before = measured.at(-1);
    environment.restore(middle);
    expect(environment.scene.measure()).toEqual(measured[40]);
    for (let k = 40; k < 50; k++) environment.step([0, 0]);
    expect(environment.scene.measure()).toEqual(before);
    environment.reset(1);
    expect(environment.scene.measure()).toEqual(measured[0]);
  });
});

test("starts that vary begin with the error that they have", () => {
  const environment = new Environment(tasks[0]!, { variedStarts: true });
  for (const seed of [1, 2, 3]) {
    environment.reset(seed);
    const { maxCornerErrorMm, closestCornerErrorMm } = environment.scene.measure();
    expect(closestCornerErrorMm).toBe(maxCornerErrorMm);
  }
  environment.close();
});

test("passing means that the worst corner was within 50 mm at some step", () => {
  expect(outcomesOf(tasks[0]!, { closestCornerErrorMm: 50 })).toEqual({ passed: true });
  expect(outcomesOf(tasks[0]!, { closestCornerErrorMm: 50.001 })).toEqual({ passed: false });
});

test("the first observation is the start: gripper behind the first block, 20 mm between the blocks", () => {
  const environment = new Environment(tasks[0]!);
  const seen = environment.reset(1);
  environment.close();
  const corners = (x: number) => [x - 0.03, -0.03, x - 0.03, 0.03, x + 0.03, -0.03, x + 0.03, 0.03];
  [0.06, 0, ...corners(-0.04), ...corners(0.04)].forEach((value, i) => {
    expect(Math.abs(seen[i]! - value)).toBeLessThan(1e-4);
  });
});

describe("reward and success", () => {
  const reward = (action: number[], second: readonly number[]): number =>
    pushSlideReward(eagerOps, {
      observation: new Float64Array(18),
      action: Float64Array.from(action),
      nextObservation: Float64Array.from([...new Array(10).fill(9), ...second]),
    })[0]!;

  test("the second block at its goal: 4, less a tenth of the action's length", () => {
    expect(reward([0.6, -0.8], GOAL.corners.flat())).toBeCloseTo(4 - 0.1, 4);
  });

  test("its corners 50 mm off: 4 (1 - tanh 0.5), computed by hand", () => {
    const shifted = GOAL.corners.flatMap(([x, y]) => [x + 0.03, y - 0.04]);
    expect(reward([0, 0], shifted)).toBeCloseTo(4 * (1 - 0.46211715726), 5);
  });

  test("success means that the worst corner is within 50 mm", () => {
    expect(tasks[0]!.succeeded({ maxCornerErrorMm: 50 })).toBe(true);
    expect(tasks[0]!.succeeded({ maxCornerErrorMm: 50.001 })).toBe(false);
  });
});

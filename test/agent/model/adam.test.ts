import { describe, expect, it } from "vitest";
import { Graph } from "../../../agent/graph/graph.js";
import { loop } from "../../../agent/graph/loop.js";
import * as ops from "../../../agent/graph/operations.js";
import { Session, tensor } from "../../../agent/graph/session.js";
import {
  ADAM_SCALARS,
  adamMoments,
  adamScalars,
  adamSchedule,
  adamStep,
  clipScale,
  type StepSizes,
} from "../../../agent/model/adam.js";
import { Rng } from "../../../sim/core/rng.js";
import { take } from "../../take.js";
import { normals, relativeError } from "../fixtures.js";

const STEPS = 50;
const SIZE = 6;
const RATE = 3e-3;

/** Kingma & Ba (2015), algorithm 1, in float64. */
function reference(start: ArrayLike<number>, gradients: Float32Array) {
  const p = Float64Array.from(start);
  const [m, v] = [new Float64Array(SIZE), new Float64Array(SIZE)];
  for (let t = 1; t <= STEPS; t++) {
    for (let i = 0; i < SIZE; i++) {
      const g = gradients[(t - 1) * SIZE + i]!;
      m[i] = 0.9 * m[i]! + 0.1 * g;
      v[i] = 0.999 * v[i]! + 0.001 * g * g;
      p[i]! -= (RATE * (m[i]! / (1 - 0.9 ** t))) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
    }
  }
  return { p, m, v };
}

async function inGraph(start: Float32Array, gradients: Float32Array) {
  const g = new Graph();
  const count = g.input("count", [], "int64");
  const [all, scalars] = [g.input("gradients", [STEPS, 2, 3]), g.input("scalars", [STEPS, ADAM_SCALARS])];
  const initial = ["p", "m", "v"].map((name) => g.input(name, [2, 3]));
  const { states } = loop(g, count, initial, (_, iteration, current) => {
    const [p, m, v] = take(3, current);
    const next = adamMoments(ops.gather(all, iteration), { m, v });
    return { next: [adamStep(p, next, adamScalars(scalars, iteration)), next.m, next.v], collect: [] };
  });
  const results = ["p", "m", "v"].map((name, i) => {
    g.output(`next.${name}`, states[i]!);
    return new Float32Array(SIZE);
  });
  // In two parts, as two training sessions of one task are.
  const sizes = { learningRate: RATE };
  const scalarData = Float32Array.of(...adamSchedule(sizes, 1, 20), ...adamSchedule(sizes, 21, STEPS - 20));
  const session = await Session.create(g);
  await session.run(
    {
      count: tensor(BigInt64Array.of(BigInt(STEPS)), []),
      gradients: tensor(gradients, [STEPS, 2, 3]),
      scalars: tensor(scalarData, [STEPS, ADAM_SCALARS]),
      p: tensor(start, [2, 3]),
      m: tensor(new Float32Array(SIZE), [2, 3]),
      v: tensor(new Float32Array(SIZE), [2, 3]),
    },
    Object.fromEntries(["p", "m", "v"].map((name, i) => [`next.${name}`, tensor(results[i]!, [2, 3])])),
  );
  await session.release();
  const [p, m, v] = take(3, results);
  return { p, m, v };
}

describe("Adam in a graph", () => {
  // With gradients of 1e-8 the constant ε decides half of the step.
  it.each([1, 1e-3, 1e-8])(
    "follows the paper's formulas for 50 steps, gradients of size %f",
    async (scale) => {
      const rng = Rng.fromSeed(4);
      const start = normals(rng, SIZE, 0.1);
      const gradients = normals(rng, STEPS * SIZE, scale);
      const wanted = reference(start, gradients);
      const found = await inGraph(start, gradients);
      const moved = (p: ArrayLike<number>) => Float64Array.from(start, (s, i) => p[i]! - s);
      expect(relativeError(moved(found.p), moved(wanted.p))).toBeLessThan(1e-4);
      expect(relativeError(found.m, wanted.m)).toBeLessThan(1e-5);
      expect(relativeError(found.v, wanted.v)).toBeLessThan(1e-5);
    },
  );
});

describe("adamSchedule", () => {
  it("lets the learning rate fall linearly towards its end factor, and leaves ε", () => {
    const constant = adamSchedule({ learningRate: RATE }, 11, 4);
    const falling = adamSchedule({ learningRate: RATE, endFactor: 0.2 }, 11, 4);
    const factors = [1, 0.8, 0.6, 0.4];
    factors.forEach((factor, i) => {
      const [stepSize, ...epsilons] = falling.subarray(ADAM_SCALARS * i, ADAM_SCALARS * (i + 1));
      const [wanted, ...same] = constant.subarray(ADAM_SCALARS * i, ADAM_SCALARS * (i + 1));
      expect(stepSize).toBeCloseTo(factor * wanted!, 8);
      expect(epsilons).toEqual(same);
    });
  });

  it("has ε of a look-ahead as that of the step, or as it is", () => {
    const ofStep = (sizes: Partial<StepSizes>) => [...adamSchedule({ learningRate: RATE, ...sizes }, 1, 1)];
    const epsilon = Math.fround(1e-8 * Math.sqrt(1 - 0.999));
    expect(ofStep({}).slice(1)).toEqual([epsilon, epsilon]);
    expect(ofStep({ lookAheadEpsilon: "uncorrected" }).slice(1)).toEqual([epsilon, Math.fround(1e-8)]);
  });
});

describe("clipScale", () => {
  async function scaleOf(a: Float32Array, b: Float32Array): Promise<number> {
    const g = new Graph();
    g.output("scale", clipScale([g.input("a", [a.length]), g.input("b", [1, b.length])], 5));
    const session = await Session.create(g);
    const out = new Float32Array(1);
    await session.run({ a: tensor(a, [a.length]), b: tensor(b, [1, b.length]) }, { scale: tensor(out, []) });
    await session.release();
    return out[0]!;
  }

  it("is 1 up to the limit of the global norm", async () => {
    expect(await scaleOf(Float32Array.of(2.9, 0), Float32Array.of(0, -4, 0))).toBe(1);
    expect(await scaleOf(Float32Array.of(0), Float32Array.of(0))).toBe(1);
  });

  it("brings a longer group of gradients to the limit", async () => {
    expect(await scaleOf(Float32Array.of(30), Float32Array.of(-40, 0))).toBeCloseTo(0.1, 6);
    // Each alone is below the limit.
    expect(await scaleOf(Float32Array.of(4), Float32Array.of(4))).toBeCloseTo(5 / Math.sqrt(32), 6);
  });
});

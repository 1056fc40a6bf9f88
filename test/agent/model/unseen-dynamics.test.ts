import { describe, expect, it } from "vitest";
import {
  interpolateWeights,
  type LearnedTask,
  UNSEEN_MODELS,
  unseenDynamics,
  unseenMixture,
} from "../../../agent/model/unseen-dynamics.js";
import type { TaskParameter } from "../../../sim/task.js";

const poleLength = (value: number): TaskParameter => ({
  ...{ name: "poleLength", unit: "m", value },
  ...{ low: 0, high: 2, scale: "linear" },
});
const density = (name: string, value: number): TaskParameter => ({
  ...{ name, unit: "kg/m³", value },
  ...{ low: 100, high: 400, scale: "log" },
});
const ofNumbers = (...numbers: number[]) => Float32Array.from(numbers);
const NORMALIZER = {
  ...{ inputMean: ofNumbers(0), inputScale: ofNumbers(1) },
  ...{ targetMean: ofNumbers(0), targetStd: ofNumbers(1) },
};
const learnedTask = (parameters: readonly TaskParameter[], ...weights: number[]): LearnedTask => ({
  parameters,
  dynamics: {
    shape: { sizes: [1, 1], activation: "relu" },
    weights: ofNumbers(...weights),
    normalizer: NORMALIZER,
  },
});

describe("the model of an unseen task", () => {
  const poles = [0.5, 1.5, 1].map((length) => learnedTask([poleLength(length)], 3 - 2 * length, 4 * length));

  it.each([
    { length: 0.75, weights: [1.5, 3] },
    { length: 1.25, weights: [0.5, 5] },
    { length: 2, weights: [-1, 8] },
  ])("is exact at $length m where the weights are linear in the parameter", ({ length, weights }) => {
    expect([...unseenDynamics("physics", poles, [poleLength(length)]).weights]).toEqual(weights);
  });

  it("is that of a learned task to the bit where the parameters are its own", () => {
    const odd = [0.1, 0.2, 0.7].map((length) => learnedTask([poleLength(length)], length / 3, -0, 1e-40));
    for (const { parameters, dynamics } of odd) {
      for (const model of ["physics", "nearest"] as const) {
        const bits = ({ weights }: { weights: Float32Array }) => [...new Uint32Array(weights.slice().buffer)];
        expect(bits(unseenDynamics(model, odd, parameters))).toEqual(bits(dynamics));
      }
    }
  });

  it("nearest and mean are what they say", () => {
    expect([...unseenMixture("nearest", poles, [poleLength(1.3)])]).toEqual([0, 1, 0]);
    expect([...unseenMixture("mean", poles, [poleLength(1.3)])]).toEqual([1 / 3, 1 / 3, 1 / 3]);
    const { weights } = unseenDynamics("mean", poles, [poleLength(1.3)]);
    expect(weights[0]).toBeCloseTo(1, 6);
    expect(weights[1]).toBeCloseTo(4, 6);
  });

  it("is read on the scale of each parameter", () => {
    const blocks = [
      [100, 100],
      [400, 100],
      [100, 400],
    ].map(([left, right]) => learnedTask([density("left", left!), density("right", right!)], left!));
    const mixture = unseenMixture("physics", blocks, [
      density("left", 200),
      density("right", 141.42135623730951),
    ]);
    for (const [j, share] of [0.25, 0.5, 0.25].entries()) expect(mixture[j]).toBeCloseTo(share, 9);
  });

  it("has shares that sum to 1 in every model", () => {
    for (const model of UNSEEN_MODELS) {
      for (const length of [0, 0.6, 1.1, 2]) {
        const shares = unseenMixture(model, poles, [poleLength(length)]);
        expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      }
    }
  });
});

it("weights of a share of 0 take no part, whatever they are", () => {
  const weights = [ofNumbers(Number.NaN, 1), ofNumbers(2, 4), ofNumbers(4, 8)];
  expect([...interpolateWeights(weights, Float64Array.of(0, 0.25, 0.75))]).toEqual([3.5, 7]);
});

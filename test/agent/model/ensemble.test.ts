import { describe, expect, it } from "vitest";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { ensembleShape, joinMembers } from "../../../agent/model/ensemble.js";
import { type MlpShape, weightCount } from "../../../agent/model/network.js";
import { Rng } from "../../../sim/core/rng.js";
import { normals, pointTask, predictedChange, relativeError } from "../fixtures.js";

/** The outputs of a network, without a normaliser. */
function outputs(shape: MlpShape, weights: Float32Array, x: readonly number[]): number[] {
  const count = shape.sizes.at(-1)!;
  const normalizer = {
    inputMean: new Float32Array(4),
    inputScale: new Float32Array(4).fill(1),
    targetMean: new Float32Array(count),
    targetStd: new Float32Array(count).fill(1),
  };
  return predictedChange(pointTask, { shape, weights, normalizer }, x.slice(0, 2), x.slice(2));
}

const ACTIVATIONS = ["relu", "elu", "tanh"] as const;
const LAYERS = [[6], [6, 9], [6, 9, 3]];
const cases = ACTIVATIONS.flatMap((activation) =>
  LAYERS.flatMap((hidden) =>
    [false, true].flatMap((variance) => [1, 3].map((blocks) => ({ activation, hidden, variance, blocks }))),
  ),
);

describe.each(cases)("$hidden $activation, variance $variance, $blocks blocks", (given) => {
  const { activation, hidden, variance, blocks } = given;
  const plain = dynamicsShape(pointTask.spec, hidden, activation, variance);
  const member: MlpShape = blocks === 1 ? plain : { ...plain, blocks };

  it.each([2, 5])("%d members joined predict the mean of what each predicts", (n) => {
    const rng = Rng.fromSeed(3);
    const weights = Array.from({ length: n }, () => normals(rng, weightCount(member), 0.4));
    const shape = ensembleShape(member, n);
    const joined = joinMembers(member, weights);
    expect(shape).toEqual({
      ...member,
      members: n,
      sizes: [4, ...hidden.map((size) => n * size), member.sizes.at(-1)],
    });
    expect(joined).toHaveLength(weightCount(shape));
    for (let k = 0; k < 5; k++) {
      const x = [...normals(rng, 4)];
      const each = weights.map((own) => outputs(member, own, x));
      const mean = each[0]!.map((_, i) => each.reduce((sum, y) => sum + y[i]! / n, 0));
      expect(relativeError(outputs(shape, joined, x), mean)).toBeLessThan(1e-6);
    }
    // The bounds of the log-variance come last.
    const bounds = variance ? 4 : 0;
    for (let i = 1; i <= bounds; i++) {
      const mean = weights.reduce((sum, own) => sum + own.at(-i)! / n, 0);
      expect(joined.at(-i)).toBeCloseTo(mean, 6);
    }
  });
});

it("one member is the network itself", () => {
  const shape = dynamicsShape(pointTask.spec, [5], "elu");
  const weights = new Float32Array(weightCount(shape));
  expect(ensembleShape(shape, 1)).toBe(shape);
  expect(joinMembers(shape, [weights])).toBe(weights);
});

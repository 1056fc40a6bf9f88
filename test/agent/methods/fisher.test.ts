import { expect, it } from "vitest";
import { fisherDiagonal } from "../../../agent/methods/fisher.js";
import { Rng } from "../../../sim/core/rng.js";
import { normals, relativeError } from "../fixtures.js";
import { lossOf, normalizedRow } from "../training/plain-reference.js";
import { differentiate } from "../training/reference.js";

it("the Fisher diagonal is a mean over all transitions, whatever their number and that of the targets", async () => {
  const [I, X, size] = [2, 3, 1100];
  const rng = Rng.fromSeed(4);
  const [inputs, targets] = [normals(rng, size * I), normals(rng, size * X)];
  const data = { capacity: size, size, added: size, inputSize: I, targetSize: X, inputs, targets };
  const normalizer = {
    inputMean: Float32Array.of(0.5, -0.5),
    inputScale: Float32Array.of(2, 0.5),
    targetMean: Float32Array.of(0, 1, 2),
    targetStd: Float32Array.of(1, 2, 3),
  };
  const sizes = [I, 3, X];
  const weights = normals(rng, 3 * 3 + 4 * 3, 0.5);
  const found = await fisherDiagonal({ sizes, activation: "tanh" }, weights, data, normalizer);
  const total = new Float64Array(9);
  for (let k = 0; k < size; k++) {
    const row = normalizedRow(data, normalizer, k);
    // ½ Σ (μ - y)² is X / 2 times the task loss.
    const nll = (body: Float64Array) => (X / 2) * lossOf(sizes, [...body, ...weights.subarray(9)], [row]);
    differentiate(nll, Float64Array.from(weights.subarray(0, 9))).forEach((g, i) => {
      total[i]! += g ** 2 / size;
    });
  }
  expect(relativeError(found, total)).toBeLessThan(1e-4);
});

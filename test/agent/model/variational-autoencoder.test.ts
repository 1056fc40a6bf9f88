import { expect, it } from "vitest";
import { gradients } from "../../../agent/graph/gradients.js";
import { Graph } from "../../../agent/graph/graph.js";
import { alignedArray, alignedTensor, Session, tensor } from "../../../agent/graph/session.js";
import { ParameterGroup } from "../../../agent/model/parameters.js";
import {
  Autoencoder,
  autoencoderCount,
  autoencoderLoss,
  autoencoderParameters,
  klDivergence,
} from "../../../agent/model/variational-autoencoder.js";
import { Rng } from "../../../sim/core/rng.js";
import { normals, relativeError } from "../fixtures.js";
import { differentiate } from "../training/reference.js";

const SHAPE = { inputs: 3, latent: 2, hidden: 4, activation: "tanh" } as const;
const { inputs: I, latent: Z, hidden: W } = SHAPE;
const ROWS = [2, 3];
const LABELS = [0, 0, 1, 1, 1];
const N = LABELS.length;
const BETA = 0.3;

/** The loss from its formula, in float64. @param w all parameters, in the order of `autoencoderParameters` */
function reference(w: Float64Array, x: Float32Array, noise: Float32Array): number {
  let at = 0;
  const next = (size: number) => {
    at += size;
    return w.subarray(at - size, at);
  };
  const [encoder, decoder] = [
    [next(I * W), next(W), next(W * 2 * Z), next(2 * Z)],
    [next(Z * W), next(W), next(W * I), next(I)],
  ] as const;
  const labels = [0, 1].map(() => [next(W), next(W)] as const);
  const layer = (h: readonly number[], weight: Float64Array, bias: ArrayLike<number>) =>
    Array.from({ length: bias.length }, (_, o) =>
      h.reduce((sum, value, i) => sum + value * weight[i * bias.length + o]!, bias[o]!),
    );
  const network = ([w1, b1, w2, b2]: typeof encoder, label: Float64Array, input: readonly number[]) => {
    const biases = Array.from(b1, (value, k) => value + label[k]!);
    return layer(layer(input, w1, biases).map(Math.tanh), w2, b2);
  };
  return LABELS.reduce((loss, task, n) => {
    const row = [...x.subarray(n * I, (n + 1) * I)];
    const code = network(encoder, labels[task]![0], row);
    const [mean, logVariance] = [code.slice(0, Z), code.slice(Z)];
    const z = mean.map((m, k) => m + Math.exp(logVariance[k]! / 2) * noise[n * Z + k]!);
    const decoded = network(decoder, labels[task]![1], z);
    const error = row.reduce((sum, value, i) => sum + (value - decoded[i]!) ** 2 / 2, 0);
    const kl = mean.reduce((sum, m, k) => {
      const v = logVariance[k]!;
      return sum + (m ** 2 + Math.exp(v) - v - 1) / 2;
    }, 0);
    return loss + error + BETA * kl;
  }, 0);
}

it("the loss and its gradients are those of the formula, by central differences", async () => {
  const rng = Rng.fromSeed(4);
  const [x, noise] = [normals(rng, N * I), normals(rng, N * Z)];
  const group = new ParameterGroup(autoencoderParameters(SHAPE, 2));
  group.specs.forEach((_, i) => {
    const values = group.values(i);
    values.set(normals(rng, values.length).map((value) => 0.5 * value));
  });
  const g = new Graph();
  const values = group.declare(g, false);
  const [xIn, noiseIn] = [g.input("x", [N, I]), g.input("noise", [N, Z])];
  const loss = autoencoderLoss(new Autoencoder(SHAPE, values), xIn, ROWS, noiseIn, BETA);
  g.output("loss", loss);
  gradients(loss, values).forEach((gradient, i) => {
    g.output(`gradient.${i}`, gradient);
  });
  const results = group.specs.map(({ shape: [rows, columns] }) => alignedArray(rows * columns));
  const [total] = [alignedArray(1)];
  const session = await Session.create(g);
  await session.run(
    { ...group.feeds(false), x: alignedTensor(x, [N, I]), noise: alignedTensor(noise, [N, Z]) },
    {
      loss: tensor(total, []),
      ...Object.fromEntries(results.map((data, i) => [`gradient.${i}`, tensor(data, group.specs[i]!.shape)])),
    },
  );
  await session.release();
  const at = Float64Array.from(group.specs.flatMap((_, i) => [...group.values(i)]));
  expect(at).toHaveLength(autoencoderCount(SHAPE, 2));
  expect(total[0]).toBeCloseTo(reference(at, x, noise), 4);
  const expected = differentiate((w) => reference(w, x, noise), at);
  expect(Math.min(...expected.map(Math.abs))).toBeGreaterThan(1e-6);
  expect(relativeError(Float64Array.from(results.flatMap((data) => [...data])), expected)).toBeLessThan(1e-4);
});

it("the divergence is the closed form: ½ of 1 + 1 - 0 - 1 for N(1, 1), and ½ (4 - ln 4 - 1) for N(0, 4)", async () => {
  const g = new Graph();
  const mean = g.constant(Float32Array.of(1, 0), [1, 2]);
  g.output("kl", klDivergence(mean, g.constant(Float32Array.of(0, Math.log(4)), [1, 2])));
  const session = await Session.create(g);
  const kl = alignedArray(1);
  await session.run({}, { kl: tensor(kl, []) });
  await session.release();
  expect(kl[0]).toBeCloseTo(0.5 + (4 - Math.log(4) - 1) / 2, 6);
});

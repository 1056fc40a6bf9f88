import { describe, expect, it } from "vitest";
import type { NormalizerArrays } from "../../../agent/model/normalizer.js";
import type { TrainingData } from "../../../agent/model/replay-buffer.js";
import { type GeneratorOptions, InputGenerator } from "../../../agent/training/input-generator.js";
import { RunError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, normals } from "../fixtures.js";

const I = 3;
const N = 2000;
/** Rows of x = m + A s + 0.2 ε have the mean m and the covariance A Aᵀ + 0.04. */
const A = [
  [1, 0],
  [0.5, 0.6],
  [-0.4, 0.7],
] as const;
const SPREAD = 0.2;

const OPTIONS: GeneratorOptions = {
  dynamics: { sizes: [I, 8, 1], activation: "tanh" },
  autoencoder: { inputs: I, latent: 2, hidden: 32, activation: "tanh" },
  ...{ batchSize: 50, clipNorm: 1e3, stepSizes: { learningRate: 0.003 } },
  ...{ klWeight: SPREAD ** 2, share: 0.5, iterations: 3000 },
};
const UNCHANGED: NormalizerArrays = {
  inputMean: new Float32Array(I),
  inputScale: new Float32Array(I).fill(1),
  targetMean: new Float32Array(1),
  targetStd: new Float32Array(1).fill(1),
};

function gaussian(mean: readonly number[], seed: number): TrainingData {
  const rng = Rng.fromSeed(seed);
  const inputs = new Float32Array(N * I);
  for (let row = 0; row < N; row++) {
    const s = normals(rng, 2);
    A.forEach(([a, b], i) => {
      inputs[row * I + i] = mean[i]! + a * s[0]! + b * s[1]! + SPREAD * rng.normal();
    });
  }
  return {
    inputs,
    targets: new Float32Array(N),
    inputSize: I,
    targetSize: 1,
    size: N,
    capacity: N,
    added: N,
  };
}

function moments(rows: Float32Array): { mean: number[]; covariance: number[] } {
  const count = rows.length / I;
  const channel = (i: number) => Array.from({ length: count }, (_, row) => rows[row * I + i]!);
  const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const mean = [0, 1, 2].map((i) => average(channel(i)));
  const covariance = [0, 1, 2].flatMap((i) =>
    [0, 1, 2].map((k) => {
      const other = channel(k);
      return average(channel(i).map((value, row) => (value - mean[i]!) * (other[row]! - mean[k]!)));
    }),
  );
  return { mean, covariance };
}

const COVARIANCE = A.flatMap((row, i) =>
  A.map((other, k) => row[0] * other[0] + row[1] * other[1] + (i === k ? SPREAD ** 2 : 0)),
);
const largestGap = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

async function learned(tasks: number, options = OPTIONS): Promise<InputGenerator> {
  const generator = new InputGenerator(options);
  for (let j = 0; j < tasks; j++) {
    await generator.learn(j, gaussian(MEANS[j]!, 10 + j), UNCHANGED, Rng.fromSeed(30 + j));
  }
  return generator;
}

const MEANS = [
  [0.5, -1, 0],
  [-1.5, 0, 1],
  [0, 1.5, -1],
];

describe("a generator of inputs", () => {
  it("has the mean and the covariance of linear-Gaussian data", async () => {
    const generator = await learned(1);
    const { mean, covariance } = moments(await generator.generate(0, 5000, Rng.fromSeed(1)));
    expect(largestGap(mean, MEANS[0]!)).toBeLessThan(0.1);
    expect(largestGap(covariance, COVARIANCE)).toBeLessThan(0.15);
  });

  it("still follows the first task's data after two more tasks, which one that does not rehearse does not", async () => {
    const gap = async (share: number) => {
      const generator = await learned(3, { ...OPTIONS, share });
      const { mean, covariance } = moments(await generator.generate(0, 5000, Rng.fromSeed(1)));
      return { mean: largestGap(mean, MEANS[0]!), covariance: largestGap(covariance, COVARIANCE) };
    };
    const [rehearsing, control] = [await gap(0.5), await gap(0)];
    expect(rehearsing.mean).toBeLessThan(0.25);
    expect(rehearsing.covariance).toBeLessThan(0.35);
    expect(control.mean).toBeGreaterThan(3 * rehearsing.mean);
  });

  it("spreads its share of a minibatch evenly over the earlier tasks", async () => {
    const few = { ...OPTIONS, iterations: 1 };
    expect((await learned(0, few)).rows).toEqual([]);
    expect((await learned(3, few)).rows).toEqual([17, 17, 16]);
    expect((await learned(2, { ...few, share: 0.75 })).rows).toEqual([75, 75]);
    expect((await learned(2, { ...few, share: 0.001 })).rows).toEqual([1, 1]);
  });

  it("goes on from its arrays with the same bytes", async () => {
    const few = { ...OPTIONS, iterations: 120 };
    const [original, copy] = [await learned(2, few), new InputGenerator(few)];
    copy.restore(structuredClone(original.arrays()), 2);
    for (const generator of [original, copy]) {
      await generator.learn(2, gaussian(MEANS[2]!, 12), UNCHANGED, Rng.fromSeed(5));
    }
    const all = ({ arrays }: { arrays: ReturnType<InputGenerator["arrays"]> }) =>
      Buffer.concat(Object.values(arrays).map(({ data }) => bits(data)));
    expect(all({ arrays: copy.arrays() }).equals(all({ arrays: original.arrays() }))).toBe(true);
  });

  it("stops on data that are not finite and stays as it was", async () => {
    const generator = await learned(1, { ...OPTIONS, iterations: 5 });
    const before = structuredClone(generator.arrays());
    const broken = { ...gaussian(MEANS[1]!, 3), inputs: new Float32Array(N * I).fill(Number.NaN) };
    const learning = generator.learn(1, broken, UNCHANGED, Rng.fromSeed(1));
    await expect(learning).rejects.toThrow(RunError);
    expect(generator.tasks).toBe(1);
    expect(generator.arrays()).toEqual(before);
  });
});

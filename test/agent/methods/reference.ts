import type { LearnerState } from "../../../agent/methods/types.js";
import type { NormalizerArrays } from "../../../agent/normalizer.js";
import type { ReplayBuffer } from "../../../agent/replay-buffer.js";

/** HyperCRL's training step in plain float64, from the formulas of the paper; gradients by central differences. */
export interface ReferenceShape {
  readonly embedding: number;
  /** One hidden ELU layer. */
  readonly hidden: number;
  /** Dynamics network I → hidden (tanh) → X. */
  readonly dynamics: readonly [number, number, number];
}

export interface ReferenceOptions {
  readonly learningRate: number;
  readonly embeddingLearningRate: number;
  readonly beta: number;
  readonly clipNorm: number;
}

export interface Group {
  readonly value: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
}

export const THETA = ["hidden.0.weight", "hidden.0.bias", "head.0.weight", "head.0.bias"];

/** Θ with moments, all its matrices one after another. */
export function thetaOf({ arrays }: LearnerState): Group {
  const join = (suffix: string) =>
    Float64Array.from(THETA.flatMap((name) => [...arrays[`hypernetwork.${name}${suffix}`].data]));
  return { value: join(""), m: join(".m"), v: join(".v") };
}

export function embeddingOf({ arrays }: LearnerState): Group {
  const read = (suffix: string) => Float64Array.from(arrays[`embedding${suffix}`].data);
  return { value: read(""), m: read(".m"), v: read(".v") };
}

const elu = (x: number) => (x > 0 ? x : Math.exp(x) - 1);

/** `x [in] · w [in, out] + b [out]`, both taken from `p` at `at`. */
function affine(x: ArrayLike<number>, p: ArrayLike<number>, at: number, outs: number): number[] {
  return Array.from({ length: outs }, (_, o) => {
    let sum = p[at + x.length * outs + o];
    for (let i = 0; i < x.length; i++) sum += x[i] * p[at + i * outs + o];
    return sum;
  });
}

/** h(e; Θ). */
export function generate(
  { embedding, hidden, dynamics }: ReferenceShape,
  theta: Float64Array,
  e: ArrayLike<number>,
) {
  const [I, H, X] = dynamics;
  const P = (I + 1) * H + (H + 1) * X;
  const h = affine(e, theta, 0, hidden).map(elu);
  return affine(h, theta, (embedding + 1) * hidden, P);
}

/** Σ (ŷ - y)² / X over the rows, both normalised. */
function taskLoss(
  shape: ReferenceShape,
  theta: Float64Array,
  e: ArrayLike<number>,
  data: ReplayBuffer,
  n: NormalizerArrays,
  rows: readonly number[],
): number {
  const [I, H, X] = shape.dynamics;
  const w = generate(shape, theta, e);
  let loss = 0;
  for (const row of rows) {
    const x = Array.from(
      { length: I },
      (_, i) => (data.inputs[row * I + i] - n.inputMean[i]) * n.inputScale[i],
    );
    const predicted = affine(affine(x, w, 0, H).map(Math.tanh), w, (I + 1) * H, X);
    predicted.forEach((value, k) => {
      const target = (data.targets[row * X + k] - n.targetMean[k]) / n.targetStd[k];
      loss += (value - target) ** 2 / X;
    });
  }
  return loss;
}

/** Gradient by central differences. */
function differentiate(f: (x: Float64Array) => number, at: Float64Array): Float64Array {
  const eps = 1e-5;
  return at.map((value, i) => {
    const x = at.slice();
    x[i] = value + eps;
    const above = f(x);
    x[i] = value - eps;
    return (above - f(x)) / (2 * eps);
  });
}

/** Adam (Kingma & Ba 2015) as published: the parameters after step `t`. */
function adam({ value, m, v }: Group, gradient: Float64Array, rate: number, t: number): Group {
  const nextM = m.map((x, i) => 0.9 * x + 0.1 * gradient[i]);
  const nextV = v.map((x, i) => 0.999 * x + 0.001 * gradient[i] ** 2);
  const next = value.map((x, i) => {
    const mean = nextM[i] / (1 - 0.9 ** t);
    return x - (rate * mean) / (Math.sqrt(nextV[i] / (1 - 0.999 ** t)) + 1e-8);
  });
  return { value: next, m: nextM, v: nextV };
}

const norm = (x: Float64Array) => Math.sqrt(x.reduce((s, v) => s + v * v, 0));

function clip(x: Float64Array, limit: number): Float64Array {
  const scale = Math.min(1, limit / norm(x));
  return x.map((v) => v * scale);
}

/** One minibatch with the earlier tasks' embeddings and targets. */
export function referenceStep(
  shape: ReferenceShape,
  options: ReferenceOptions,
  before: LearnerState,
  data: ReplayBuffer,
  normalizer: NormalizerArrays,
  rows: readonly number[],
) {
  const [theta, e] = [thetaOf(before), embeddingOf(before)];
  const step = before.numbers.steps + 1;
  const earlier = before.numbers.task;
  const task = (p: Float64Array, q: Float64Array) => taskLoss(shape, p, q, data, normalizer, rows);
  const gTask = differentiate((p) => task(p, e.value), theta.value);
  const gEmbedding = differentiate((q) => task(theta.value, q), e.value);
  const change = adam(theta, gTask, options.learningRate, step).value.map((p, i) => p - theta.value[i]);
  const penalty = (p: Float64Array) => {
    let sum = 0;
    for (let j = 0; j < earlier; j++) {
      const target = before.arrays[`targets.${j}`].data;
      const ahead = p.map((value, i) => value + change[i]);
      for (const [k, w] of generate(shape, ahead, before.arrays[`embeddings.${j}`].data).entries()) {
        sum += (w - target[k]) ** 2;
      }
    }
    return (options.beta * rows.length * sum) / earlier;
  };
  const gPenalty = differentiate(penalty, theta.value);
  const total = gTask.map((g, i) => g + gPenalty[i]);
  return {
    theta: adam(theta, clip(total, options.clipNorm), options.learningRate, step),
    embedding: adam(e, clip(gEmbedding, options.clipNorm), options.embeddingLearningRate, step),
    taskLoss: task(theta.value, e.value),
    penalty: penalty(theta.value),
    norms: { total: norm(total), penalty: norm(gPenalty), task: norm(gTask), embedding: norm(gEmbedding) },
  };
}

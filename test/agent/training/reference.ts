import type { LearnerState } from "../../../agent/learner.js";
import type { NormalizerArrays } from "../../../agent/model/normalizer.js";
import type { ReplayBuffer, TrainingData } from "../../../agent/model/replay-buffer.js";

/** HyperCRL's training step in plain float64, from the formulas of the paper; gradients mostly by central differences. */
export interface ReferenceShape {
  readonly embedding: number;
  /** One hidden ELU layer. */
  readonly hidden: number;
  /** Dynamics network I → hidden (tanh) → X, or 2X with output variance. */
  readonly dynamics: readonly [number, number, number];
  readonly outputVariance?: boolean;
  readonly chunks?: { readonly size: number; readonly embedding: number };
}

export interface ReferenceOptions {
  readonly learningRate: number;
  readonly embeddingLearningRate: number;
  readonly beta: number;
  readonly clipNorm: number;
  /** Whether the look-ahead corrects the bias of √v alone and not of ε, as the published code's. */
  readonly uncorrectedAhead?: boolean;
}

export interface Group {
  readonly value: Float64Array;
  readonly m: Float64Array;
  readonly v: Float64Array;
}

/** Θ with moments, all its matrices one after another. */
export function thetaOf({ arrays }: LearnerState): Group {
  const names = Object.keys(arrays).filter((name) => /^hypernetwork\..*(?:weight|bias|chunks)$/.test(name));
  const join = (suffix: string) =>
    Float64Array.from(names.flatMap((name) => [...arrays[name + suffix]!.data]));
  return { value: join(""), m: join(".m"), v: join(".v") };
}

export function embeddingOf({ arrays }: LearnerState): Group {
  const read = (suffix: string) => Float64Array.from(arrays[`embedding${suffix}`]!.data);
  return { value: read(""), m: read(".m"), v: read(".v") };
}

const elu = (x: number) => (x > 0 ? x : Math.exp(x) - 1);

/** `x [in] · w [in, out] + b [out]`, both taken from `p` at `at`. */
function affine(x: ArrayLike<number>, p: ArrayLike<number>, at: number, outs: number): number[] {
  const out = new Array<number>(outs);
  for (let o = 0; o < outs; o++) {
    let sum = p[at + x.length * outs + o]!;
    for (let i = 0; i < x.length; i++) sum += x[i]! * p[at + i * outs + o]!;
    out[o] = sum;
  }
  return out;
}

/** h(e; Θ). */
export function generate(shape: ReferenceShape, theta: Float64Array, e: ArrayLike<number>) {
  const { embedding, hidden, chunks } = shape;
  const P = generatedCount(shape);
  if (chunks !== undefined) return generateChunks(shape, chunks, theta, e, P);
  const h = affine(e, theta, 0, hidden).map(elu);
  return affine(h, theta, (embedding + 1) * hidden, P);
}

/** Chunk by chunk, from the embeddings of task and chunk side by side; the chunks' are the last part of Θ. */
function generateChunks(
  { embedding, hidden }: ReferenceShape,
  chunks: { size: number; embedding: number },
  theta: Float64Array,
  e: ArrayLike<number>,
  P: number,
): number[] {
  const count = Math.ceil(P / chunks.size);
  const ofChunks = theta.slice(theta.length - count * chunks.embedding);
  const inputs = embedding + chunks.embedding;
  const weights = Array.from({ length: count }, (_, c) => {
    const chunk = ofChunks.slice(c * chunks.embedding, (c + 1) * chunks.embedding);
    const h = affine([...Array.from(e), ...chunk], theta, 0, hidden).map(elu);
    return affine(h, theta, (inputs + 1) * hidden, chunks.size);
  });
  return weights.flat().slice(0, P);
}

/** P */
function generatedCount({ dynamics: [I, H, out], outputVariance }: ReferenceShape): number {
  return (I + 1) * H + (H + 1) * out + (outputVariance ? out : 0);
}

const softplus = (x: number) => Math.log1p(Math.exp(x));

/** `Σ ((μ - y)² e^{-v} + v) / X + 0.01 Σ (max - min)` of one sample's outputs [μ, v], without the last sum. */
export function negativeLogLikelihood(
  output: readonly number[],
  y: readonly number[],
  bounds: ArrayLike<number>,
) {
  const X = y.length;
  return y.reduce((sum, target, k) => {
    const [max, min] = [0.5 + bounds[k]!, -10 + bounds[X + k]!];
    const below = max - softplus(max - output[X + k]!);
    const v = min + softplus(below - min);
    return sum + ((output[k]! - target) ** 2 * Math.exp(-v) + v) / X;
  }, 0);
}

/** `0.01 Σ (max - min)` */
export function boundsPenalty(bounds: ArrayLike<number>): number {
  const X = bounds.length / 2;
  return Array.from({ length: X }, (_, k) => 0.01 * (10.5 + bounds[k]! - bounds[X + k]!)).reduce(
    (a, b) => a + b,
  );
}

/** The loss of generated weights: Σ (ŷ - y)² / X over the rows, both normalised, or with output variance. */
export function predictionLoss(
  shape: ReferenceShape,
  w: ArrayLike<number>,
  data: Pick<TrainingData, "inputs" | "targets">,
  n: NormalizerArrays,
  rows: readonly number[],
): number {
  return normalizedLoss(shape, w, normalizedRows(data, n, rows));
}

interface NormalizedRow {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

function normalizedRows(
  data: Pick<TrainingData, "inputs" | "targets">,
  n: NormalizerArrays,
  rows: readonly number[],
): NormalizedRow[] {
  const [I, X] = [n.inputMean.length, n.targetMean.length];
  return rows.map((row) => ({
    x: Array.from(n.inputMean, (mean, i) => (data.inputs[row * I + i]! - mean) * n.inputScale[i]!),
    y: Array.from(n.targetMean, (mean, k) => (data.targets[row * X + k]! - mean) / n.targetStd[k]!),
  }));
}

function normalizedLoss(
  { dynamics: [I, H, out], outputVariance }: ReferenceShape,
  w: ArrayLike<number>,
  rows: readonly NormalizedRow[],
): number {
  const bounds = Array.from(w).slice((I + 1) * H + (H + 1) * out);
  let loss = outputVariance ? boundsPenalty(bounds) : 0;
  for (const { x, y } of rows) {
    const predicted = affine(affine(x, w, 0, H).map(Math.tanh), w, (I + 1) * H, out);
    if (outputVariance) loss += negativeLogLikelihood(predicted, y, bounds);
    else loss += predicted.reduce((sum, value, k) => sum + (value - y[k]!) ** 2 / y.length, 0);
  }
  return loss;
}

/** Gradient by central differences. */
export function differentiate(f: (x: Float64Array) => number, at: Float64Array, eps = 1e-5): Float64Array {
  return at.map((value, i) => {
    const x = at.slice();
    x[i] = value + eps;
    const above = f(x);
    x[i] = value - eps;
    return (above - f(x)) / (2 * eps);
  });
}

/** Adam (Kingma & Ba 2015) as published: the parameters after step `t`. @param eps added to √v̂ */
export function adam(
  { value, m, v }: Group,
  gradient: Float64Array,
  rate: number,
  t: number,
  eps = 1e-8,
): Group {
  const nextM = m.map((x, i) => 0.9 * x + 0.1 * gradient[i]!);
  const nextV = v.map((x, i) => 0.999 * x + 0.001 * gradient[i]! ** 2);
  const next = value.map((x, i) => {
    const mean = nextM[i]! / (1 - 0.9 ** t);
    return x - (rate * mean) / (Math.sqrt(nextV[i]! / (1 - 0.999 ** t)) + eps);
  });
  return { value: next, m: nextM, v: nextV };
}

export const norm = (x: Float64Array) => Math.sqrt(x.reduce((s, v) => s + v * v, 0));

export function clip(x: Float64Array, limit: number): Float64Array {
  const scale = Math.min(1, limit / norm(x));
  return x.map((v) => v * scale);
}

/** HyperCRL in the middle of a task. */
export interface ReferenceState {
  readonly theta: Group;
  readonly embedding: Group;
  /** Minibatches of the task so far. */
  readonly steps: number;
  readonly earlier: readonly { readonly embedding: ArrayLike<number>; readonly target: ArrayLike<number> }[];
}

export function referenceOf(state: LearnerState): ReferenceState {
  const { arrays, numbers } = state;
  const earlier = Array.from({ length: numbers.task! }, (_, j) => ({
    embedding: arrays[`embeddings.${j}`]!.data,
    target: arrays[`targets.${j}`]!.data,
  }));
  return { theta: thetaOf(state), embedding: embeddingOf(state), steps: numbers.steps!, earlier };
}

/** `Σ c_p x_p` */
const product = (c: ArrayLike<number>, x: readonly number[]) => x.reduce((sum, v, p) => sum + c[p]! * v, 0);

type Activation = readonly [f: (z: number) => number, slope: (z: number) => number];
const TANH: Activation = [Math.tanh, (z) => 1 - Math.tanh(z) ** 2];
const ELU: Activation = [elu, (z) => (z > 0 ? 1 : Math.exp(z))];

/**
 * Gradients for the parameters and the input of a network with one hidden layer, written out: central differences leave
 * nothing of those that are tiny beside others.
 * @param d gradient for its outputs
 */
function backward(
  x: ArrayLike<number>,
  p: Float64Array,
  hidden: number,
  d: ArrayLike<number>,
  [f, slope]: Activation,
): [parameters: Float64Array, input: Float64Array] {
  const z = affine(x, p, 0, hidden);
  const second = (x.length + 1) * hidden;
  const gradient = new Float64Array(p.length);
  const input = new Float64Array(x.length);
  for (let o = 0; o < d.length; o++) gradient[second + hidden * d.length + o] = d[o]!;
  for (let i = 0; i < hidden; i++) {
    let dz = 0;
    for (let o = 0; o < d.length; o++) {
      gradient[second + i * d.length + o] = f(z[i]!) * d[o]!;
      dz += p[second + i * d.length + o]! * d[o]!;
    }
    dz *= slope(z[i]!);
    gradient[x.length * hidden + i] = dz;
    for (let r = 0; r < x.length; r++) {
      gradient[r * hidden + i] = x[r]! * dz;
      input[r]! += p[r * hidden + i]! * dz;
    }
  }
  return [gradient, input];
}

/** Gradients of the task loss for Θ and for the embedding. */
function taskGradients(
  shape: ReferenceShape,
  theta: Float64Array,
  e: Float64Array,
  rows: readonly NormalizedRow[],
): readonly [Float64Array, Float64Array] {
  const weights = Float64Array.from(generate(shape, theta, e));
  if (shape.chunks === undefined && !shape.outputVariance) {
    const H = shape.dynamics[1];
    const gWeights = new Float64Array(weights.length);
    for (const { x, y } of rows) {
      const predicted = affine(
        affine(x, weights, 0, H).map(Math.tanh),
        weights,
        (x.length + 1) * H,
        y.length,
      );
      const d = predicted.map((value, k) => (2 * (value - y[k]!)) / y.length);
      backward(x, weights, H, d, TANH)[0].forEach((g, p) => {
        gWeights[p]! += g;
      });
    }
    return backward(e, theta, shape.hidden, gWeights, ELU);
  }
  // By the chain rule: ∂L/∂Θ = Σ_p ∂L/∂w_p ∂h_p/∂Θ, which spares a pass over the rows for each number of Θ.
  const gWeights = differentiate((w) => normalizedLoss(shape, w, rows), weights);
  return [
    differentiate((p) => product(gWeights, generate(shape, p, e)), theta),
    differentiate((q) => product(gWeights, generate(shape, theta, q)), e),
  ];
}

/** One minibatch: what comes of it, and its losses and gradients. */
export function referenceStep(
  shape: ReferenceShape,
  options: ReferenceOptions,
  before: ReferenceState,
  data: ReplayBuffer,
  normalizer: NormalizerArrays,
  rows: readonly number[],
) {
  const { theta, embedding: e, earlier } = before;
  const step = before.steps + 1;
  const minibatch = normalizedRows(data, normalizer, rows);
  const weights = Float64Array.from(generate(shape, theta.value, e.value));
  const [gTask, gEmbedding] = taskGradients(shape, theta.value, e.value, minibatch);
  // √v + ε, corrected together, is √v̂ + ε / √(1 - β2^t).
  const eps = options.uncorrectedAhead ? 1e-8 / Math.sqrt(1 - 0.999 ** step) : 1e-8;
  const ahead = adam(theta, gTask, options.learningRate, step, eps);
  const change = ahead.value.map((p, i) => p - theta.value[i]!);
  const penalty = (p: Float64Array) => {
    const there = p.map((value, i) => value + change[i]!);
    const sum = earlier.reduce((total, { embedding, target }) => {
      const drift = generate(shape, there, embedding).map((w, k) => w - target[k]!);
      return total + product(drift, drift);
    }, 0);
    return (options.beta * rows.length * sum) / earlier.length;
  };
  const gPenalty = differentiate(penalty, theta.value);
  const total = gTask.map((g, i) => g + gPenalty[i]!);
  const next: ReferenceState = {
    theta: adam(theta, clip(total, options.clipNorm), options.learningRate, step),
    embedding: adam(e, clip(gEmbedding, options.clipNorm), options.embeddingLearningRate, step),
    steps: step,
    earlier,
  };
  return {
    next,
    taskLoss: normalizedLoss(shape, weights, minibatch),
    penalty: penalty(theta.value),
    norms: { total: norm(total), penalty: norm(gPenalty), task: norm(gTask), embedding: norm(gEmbedding) },
  };
}

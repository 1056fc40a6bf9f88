import { type Parts, partsOf } from "../../agent/catalog.js";
import type { Learner } from "../../agent/learner.js";
import { createLearner } from "../../agent/methods/method.js";
import { findMethod, methods } from "../../agent/methods/registry.js";
import type { TaskDynamics } from "../../agent/model/dynamics.js";
import { type MlpShape, weightCount } from "../../agent/model/network.js";
import { Normalizer, type NormalizerArrays } from "../../agent/model/normalizer.js";
import { ReplayBuffer } from "../../agent/model/replay-buffer.js";
import { resolveSettings } from "../../agent/settings/resolve.js";
import type { Settings } from "../../agent/settings/schema.js";
import { builtinPlanners } from "../../planners/registry.js";
import type { Ops } from "../../sim/core/ops.js";
import { Rng } from "../../sim/core/rng.js";
import type { Task, Transition } from "../../sim/task.js";
import { take } from "../take.js";

/** A deterministic system `(x, u) → x'` for filling buffers. */
export type System = (x: Float32Array, u: Float32Array) => Float32Array;

const noScene = (): never => {
  throw new Error("A fake task has no scene.");
};

/** A point in the plane pushed by two forces; the goal is at (0.5, -0.25). */
export const pointTask: Task = {
  name: "point",
  spec: {
    observation: [
      { name: "x", unit: "m" },
      { name: "y", unit: "m" },
    ],
    action: [
      { name: "forceX", unit: "N", low: -1, high: 1 },
      { name: "forceY", unit: "N", low: -1, high: 1 },
    ],
    episodeSteps: 20,
    controlPeriod: 0.1,
  },
  createScene: noScene,
  reward<T>(ops: Ops<T>, { action, nextObservation }: Transition<T>): T {
    const offset = ops.sub(nextObservation, ops.constant([0.5, -0.25]));
    const distance = ops.sqrt(ops.add(ops.sum(ops.mul(offset, offset)), ops.constant([1e-4])));
    const closeness = ops.sub(ops.constant([1]), ops.tanh(ops.scale(distance, 2)));
    return ops.sub(closeness, ops.scale(ops.sum(ops.mul(action, action)), 0.1));
  },
  succeeded: () => false,
};

/** A cart with a turning arm: one angle between two plain channels, and every operation a reward may use. */
export const angleTask: Task = {
  name: "angle",
  spec: {
    observation: [
      { name: "position", unit: "m" },
      { name: "angle", unit: "rad", angle: true },
      { name: "velocity", unit: "m/s" },
    ],
    action: [{ name: "force", unit: "N", low: -2, high: 2 }],
    episodeSteps: 20,
    controlPeriod: 0.05,
  },
  createScene: noScene,
  reward<T>(ops: Ops<T>, { observation, action, nextObservation }: Transition<T>): T {
    const place = ops.concat([ops.slice(nextObservation, 0, 1), ops.slice(observation, 2, 3)]);
    const size = ops.sum(ops.abs(ops.mul(place, ops.constant([1, 0.5]))));
    const swing = ops.exp(ops.scale(ops.abs(ops.slice(nextObservation, 1, 2)), -1));
    const effort = ops.log(ops.add(ops.mul(action, action), ops.constant([0.5])));
    return ops.sub(ops.div(swing, ops.add(size, ops.constant([1]))), effort);
  },
  succeeded: () => false,
};

/** The same, with a velocity that the model predicts itself instead of its difference. */
export const absoluteTask: Task = {
  ...angleTask,
  name: "absolute",
  spec: {
    ...angleTask.spec,
    observation: angleTask.spec.observation.map((c) =>
      c.name === "velocity" ? { ...c, absolute: true } : c,
    ),
  },
};

/** A task with moving quantities: for each channel named, it less half of the first channel. */
export function withMoving(task: Task, ...names: readonly string[]): Task {
  const [first] = take(1, task.spec.observation);
  const moving = names.map((name) => ({
    name: `${name}Moved`,
    unit: "m",
    weights: { [first.name]: -0.5, [name]: 1 },
  }));
  return { ...task, name: `${task.name}-moving`, spec: { ...task.spec, moving } };
}

/** `x' = x + 0.2 (A x + B u)`, with another drift and other forces for each `variant`. */
export function linearSystem(variant: number): System {
  const sign = variant % 2 === 0 ? 1 : -1;
  const gain = 1 + 0.5 * variant;
  return (state, action) => {
    const [x, y] = take(2, state);
    const [u, v] = take(2, action);
    return Float32Array.of(
      x + 0.2 * (-0.5 * x + sign * 0.3 * y + gain * sign * u),
      y + 0.2 * (0.4 * x - 0.2 * y + gain * v + 0.1 * sign),
    );
  };
}

/** Random transitions of a point system, with the normaliser that saw them. */
export function pointData(
  system: System,
  count: number,
  seed: number,
  normalizeTargets = true,
): { buffer: ReplayBuffer; normalizer: NormalizerArrays } {
  const { spec } = pointTask;
  const rng = Rng.fromSeed(seed);
  const buffer = new ReplayBuffer(spec, count);
  const moments = new Normalizer(buffer.inputSize, buffer.targetSize, normalizeTargets);
  for (let i = 0; i < count; i++) {
    const x = Float32Array.of(rng.normal(), rng.normal());
    const u = Float32Array.of(2 * rng.uniform() - 1, 2 * rng.uniform() - 1);
    const { input, target } = buffer.add(x, u, system(x, u));
    moments.add(input, target);
  }
  return { buffer, normalizer: moments.arrays() };
}

/** The methods and planners of the package. */
export const CATALOG = { methods, planners: builtinPlanners };

export const METHOD_NAMES = methods.map(({ name }) => name);

/** A suite without defaults, as far as settings need it. */
export const fakeSuite = (tasks: number, name = "fake") => ({
  name,
  tasks: new Array<Task>(tasks).fill(pointTask),
});

/** The method and planner that settings name. */
export const partsFor = (settings: Settings): Parts => partsOf(CATALOG, settings);

/** The learner that settings name. */
export const learnerFor = (settings: Settings, dynamics: MlpShape, rng: Rng): Learner =>
  createLearner(findMethod(settings.method), settings, dynamics, rng);

/** Settings small enough for tests that run an agent. */
export function tinySettings(assignments: readonly string[] = []): Settings {
  const choice = { suite: fakeSuite(2), method: "hypercrl", profile: "quick", seed: 3 };
  const small = [
    "loop.bufferCapacity=64",
    "loop.trainIterations=20",
    "dynamics.hidden=[8]",
    "training.batchSize=16",
    "hypernetwork.hidden=[6]",
    "hypernetwork.embedding=4",
    "planner.horizon=5",
    "planner.samples=24",
    "planner.elites=6",
  ];
  // It makes them whenever a task ends.
  if (assignments.includes("method=generative-replay")) small.push("generative-replay.iterations=50");
  return resolveSettings(choice, [...small, ...assignments], CATALOG);
}

/** Normal numbers as float32. */
export function normals(rng: Rng, length: number, scale = 1): Float32Array {
  return Float32Array.from({ length }, () => scale * rng.normal());
}

/** `‖a - b‖ / ‖b‖`. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return a.length === b.length ? Math.sqrt(difference / size) : Number.POSITIVE_INFINITY;
}

/** The bytes of an array, for comparisons that tell -0 from 0. */
export function bits(data: Float32Array | Float64Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

const ACTIVATION = {
  relu: (x: number) => Math.max(x, 0),
  elu: (x: number) => (x > 0 ? x : Math.expm1(x)),
  tanh: Math.tanh,
};

/** A random network and normaliser. @param X entries of an observation */
export function randomDynamics(shape: MlpShape, X: number, rng: Rng): TaskDynamics {
  const I = shape.sizes[0]!;
  const positive = (n: number) => normals(rng, n, 0.3).map((v) => 0.4 + Math.abs(v));
  const normalizer = {
    inputMean: normals(rng, I, 0.5),
    inputScale: positive(I),
    targetMean: normals(rng, X, 0.1),
    targetStd: positive(X),
  };
  return { shape, weights: normals(rng, weightCount(shape), 0.4), normalizer };
}

/** The change of state that dynamics predict, in float64, from the flat weights. */
export function predictedChange(
  { spec }: Task,
  { shape, weights, normalizer }: TaskDynamics,
  x: readonly number[],
  u: readonly number[],
): number[] {
  const features = x.flatMap((v, i) => (spec.observation[i]!.angle ? [Math.cos(v), Math.sin(v)] : [v]));
  let h = [...features, ...u].map((v, i) => (v - normalizer.inputMean[i]!) * normalizer.inputScale[i]!);
  let at = 0;
  shape.sizes.slice(1).forEach((outs, layer) => {
    const bias = at + h.length * outs;
    const y = Array.from({ length: outs }, (_, o) =>
      h.reduce((s, v, i) => s + v * weights[at + i * outs + o]!, weights[bias + o]!),
    );
    at = bias + outs;
    h = layer === shape.sizes.length - 2 ? y : y.map(ACTIVATION[shape.activation]);
  });
  return h.map((v, i) => v * normalizer.targetStd[i]! + normalizer.targetMean[i]!);
}

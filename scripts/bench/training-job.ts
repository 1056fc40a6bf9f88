import type { Learner } from "../../agent/learner.js";
import { createLearner } from "../../agent/methods/method.js";
import { hypernetworkParameters } from "../../agent/model/hypernetwork.js";
import { weightCount } from "../../agent/model/network.js";
import { Normalizer, type NormalizerArrays } from "../../agent/model/normalizer.js";
import { ReplayBuffer } from "../../agent/model/replay-buffer.js";
import { Rng } from "../../sim/core/rng.js";
import type { TaskSpec } from "../../sim/task.js";
import { type Job, timed } from "./measure.js";
import type { Demand } from "./roofline.js";
import type { BenchSize } from "./sizes.js";

export interface TrainingData {
  readonly buffer: ReplayBuffer;
  readonly normalizer: NormalizerArrays;
}

/** Random transitions: what a minibatch costs does not depend on what is in it. */
export function randomData(spec: TaskSpec, normalizeTargets: boolean, count = 1000): TrainingData {
  const rng = Rng.fromSeed(2);
  const draw = (n: number) => Float32Array.from({ length: n }, () => rng.normal());
  const buffer = new ReplayBuffer(spec, count);
  const normalizer = new Normalizer(buffer.inputSize, buffer.targetSize, normalizeTargets);
  for (let i = 0; i < count; i++) {
    const observation = draw(spec.observation.length);
    const action = draw(spec.action.length);
    const next = draw(spec.observation.length);
    const { input, target } = buffer.add(observation, action, next);
    normalizer.add(input, target);
  }
  return { buffer, normalizer: normalizer.arrays() };
}

export function newLearner({ settings, parts, dynamics }: BenchSize, threads = 1): Learner {
  const rng = Rng.fromSeed(1).split("learner");
  return createLearner(parts.method, settings, dynamics, rng, { threads, kernel: true });
}

/** A learner in the last of some tasks, none of them trained. */
export async function begunLearner(size: BenchSize, tasks: number, threads = 1): Promise<Learner> {
  const learner = newLearner(size, threads);
  for (let task = 0; task < tasks; task++) await learner.beginTask(task);
  return learner;
}

/** Trains `steps` minibatches in one call, reported as time per minibatch. @param clock what takes the time */
export function trainJob(
  learner: Learner,
  { buffer, normalizer }: TrainingData,
  steps: number,
  clock = timed,
): Job {
  const rng = Rng.fromSeed(3);
  const call = clock(() => learner.train(buffer, normalizer, steps, rng));
  return async () => (await call()) / steps;
}

/** Numbers in Θ. */
export function thetaCount({ settings, dynamics }: BenchSize): number {
  const shape = { ...settings.hypernetwork, target: dynamics };
  return hypernetworkParameters(shape).reduce((n, { shape: [rows, columns] }) => n + rows * columns, 0);
}

/**
 * The least a minibatch step must do when Θ does not fit a cache. Memory: Θ is read to generate the weights; Θ and
 * its moments are read for the look-ahead step, whose gradient needs the whole result; they are read once more and
 * written by the real step: 4 + 12 + 24 bytes per number. Arithmetic: 6 per number and embedding (forward, and
 * backward to inputs and weights), and 6 per generated weight and sample.
 * @param earlier embeddings in the regulariser
 */
export function trainingDemand(size: BenchSize, earlier: number): Demand {
  const theta = thetaCount(size);
  const P = weightCount(size.dynamics);
  return {
    flop: 6 * theta * (1 + earlier) + 6 * P * size.settings.training.batchSize,
    bytes: 40 * theta + 4 * P * earlier,
  };
}

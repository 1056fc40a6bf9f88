import type { Rng } from "../../sim/core/rng.js";
import type { TrainingEngine } from "../compute.js";
import type { Learner, LearnerOptions, LearnerState, TrainingReport } from "../learner.js";
import type { StepSizes } from "../model/adam.js";
import type { HypernetworkShape } from "../model/hypernetwork.js";
import { inputSize, targetSize } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { arraysByName, savedNumber } from "../model/saved-arrays.js";
import type { Settings } from "../settings/schema.js";
import { kernelChoice } from "../training/engine.js";
import { FusedRehearsingTrainer } from "../training/fused-rehearsing-trainer.js";
import { GraphRehearsingTrainer } from "../training/graph-rehearsing-trainer.js";
import { Materializer } from "../training/materializer.js";
import { drawRows } from "../training/minibatches.js";
import type { RehearsingTrainer } from "../training/rehearsing-trainer.js";
import { StoredData } from "../training/stored-data.js";
import { drawEmbedding, initializeTheta } from "../training/theta.js";

export interface RehearsingHypernetOptions extends LearnerOptions {
  readonly stepSizes: StepSizes;
  readonly hypernetwork: Omit<HypernetworkShape, "target">;
  /**
   * Transitions kept of each task when it ends. `all` that its replay buffer holds (`multitask-hypernet`): a
   * minibatch of B of every earlier task is then rehearsed. Or this many (`replay-hypernet`): one minibatch of B is
   * divided among the earlier tasks.
   */
  readonly keep: "all" | number;
  /** What makes the minibatch steps; without the kernel it is the graph in any case. */
  readonly engine: TrainingEngine;
}

/** What a learner of this kind takes from the settings. */
export function rehearsingHypernetOptions({ hypernetwork, training }: Settings) {
  return { hypernetwork, stepSizes: hypernetwork, engine: training.engine };
}

/**
 * A hypernetwork that rehearses stored transitions of earlier tasks and has no regulariser: `multitask-hypernet`,
 * which keeps all data and is what learning all tasks at once would give, and `replay-hypernet`, which keeps a few
 * per task. They show what the hypernetwork alone does and what HyperCRL's regulariser does for it.
 *
 * One minibatch, after the published code of Huang et al. (2021, arXiv 2009.11997; `hnet_mt` and `hnet_replay`):
 * `L = Σ_{j≤t} L_j(h(e_j; Θ))`, with `L_j` the task loss, summed over the rows drawn of task j: B of the current
 * task, and of each of t earlier tasks B, or ⌊B / t⌋ (at least one) with a coreset. Embeddings of earlier tasks go on
 * learning with Θ, as published; that of the current task does too, where HyperCRL clips it by itself. The published
 * `hnet_replay` keeps all data and the regulariser beside them; here the coreset stands in its place.
 *
 * A task that is learned again goes on with its embedding. Its stored transitions are rehearsed like those of all others, beside its
 * new ones; at its end `multitask-hypernet` keeps both, and `replay-hypernet` draws its transitions anew from both together.
 */
export class RehearsingHypernetLearner implements Learner {
  readonly #options: RehearsingHypernetOptions;
  readonly #shape: HypernetworkShape;
  readonly #trainer: RehearsingTrainer;
  readonly #materializer: Materializer;
  readonly #stored: StoredData;
  readonly #rng: Rng;
  #task = -1;
  /** Tasks begun. */
  #begun = 0;

  constructor(options: RehearsingHypernetOptions) {
    const { dynamics, engine, compute } = options;
    this.#options = options;
    this.#shape = { ...options.hypernetwork, target: dynamics };
    const rowsPerTask = (rehearsed: number) => this.#rowsPerTask(rehearsed);
    const trainer = { ...options, shape: this.#shape, rowsPerTask };
    const kernel = kernelChoice(engine, compute);
    this.#trainer = kernel
      ? new FusedRehearsingTrainer(trainer, kernel)
      : new GraphRehearsingTrainer(trainer);
    this.#materializer = new Materializer(this.#shape, 1);
    this.#stored = new StoredData(inputSize(dynamics), targetSize(dynamics));
    this.#rng = options.rng;
  }

  async beginTask(index: number): Promise<void> {
    const isNew = index >= this.#begun;
    await this.#prepare(index, Math.max(this.#begun, index + 1));
    if (!isNew) return;
    const e = drawEmbedding(this.#shape, this.#rng.split(`task${index}`));
    // Θ is drawn as HyperCRL draws it.
    if (index === 0) {
      await initializeTheta(this.#trainer.theta, this.#shape, e, this.#rng.split("initial-weights"));
    }
    this.#trainer.embedding(index).set(e);
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const rows = drawRows(data, iterations * this.#options.batchSize, rng);
    const { tasks } = this.#stored;
    const stored = this.#stored.feeds(iterations, this.#rowsPerTask(tasks), rng.split("stored"));
    return this.#trainer.train({ data, normalizer, iterations, rows, task: this.#task }, stored);
  }

  async endTask(data: TrainingData, normalizer: NormalizerArrays, rng: Rng): Promise<void> {
    this.#stored.keep(this.#task, data, normalizer, this.#options.keep, rng);
  }

  async weights(index: number): Promise<Float32Array> {
    return this.#materializer.weights(await this.#trainer.theta.generate(this.#trainer.embedding(index)));
  }

  state(): LearnerState {
    const arrays = { ...arraysByName(this.#trainer.entries()), ...this.#stored.arrays() };
    const numbers = { task: this.#task, steps: this.#trainer.steps, stored: this.#stored.tasks };
    return { arrays, numbers };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    this.#stored.restore(arrays, savedNumber(numbers, "stored"));
    this.#task = savedNumber(numbers, "task");
    if (this.#task < 0) return;
    // Data are stored of every task that has ended, and all but the current one have.
    await this.#prepare(this.#task, Math.max(this.#stored.tasks, this.#task + 1));
    this.#trainer.restore(arrays);
    this.#trainer.steps = savedNumber(numbers, "steps");
  }

  async release(): Promise<void> {
    await this.#trainer.release();
    await this.#materializer.release();
  }

  /** @param begun tasks, each with an embedding */
  #prepare(task: number, begun: number): Promise<void> {
    this.#task = task;
    this.#begun = begun;
    return this.#trainer.prepare({ begun, current: task, rehearsed: this.#stored.tasks });
  }

  /** M, stored transitions of each rehearsed task in a minibatch. */
  #rowsPerTask(rehearsed: number): number {
    const { batchSize, keep } = this.#options;
    return keep === "all" || rehearsed === 0 ? batchSize : Math.max(1, Math.floor(batchSize / rehearsed));
  }
}

import type { Rng } from "../../sim/core/rng.js";
import { networkFromFlat, targetSize } from "../dynamics.js";
import { gradients } from "../graph/gradients.js";
import type { Graph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { type HypernetworkShape, hypernetwork, hypernetworkParameters } from "../hypernetwork.js";
import type { NormalizerArrays } from "../normalizer.js";
import type { ParameterSpec } from "../parameters.js";
import type { TrainingData } from "../replay-buffer.js";
import { predictionLoss } from "./minibatches.js";
import { type Method, NetworkTrainer } from "./network-trainer.js";
import { StoredData, storedInputs, storedMinibatch } from "./stored-data.js";
import { initializeTheta, scaleHead, WeightGenerator } from "./theta.js";
import type { Learner, LearnerOptions, LearnerState, SavedArray, TrainingReport } from "./types.js";

export interface RehearsingHypernetOptions extends LearnerOptions {
  readonly hypernetwork: Omit<HypernetworkShape, "target">;
  readonly learningRate: number;
  /**
   * Transitions kept of each task when it ends. `all` that its replay buffer holds (`multitask-hypernet`): a
   * minibatch of B of every earlier task is then rehearsed. Or this many (`replay-hypernet`): one minibatch of B is
   * divided among the earlier tasks.
   */
  readonly keep: "all" | number;
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
 */
export class RehearsingHypernetLearner implements Learner {
  readonly #options: RehearsingHypernetOptions;
  readonly #shape: HypernetworkShape;
  readonly #theta: readonly ParameterSpec[];
  readonly #trainer: NetworkTrainer;
  readonly #stored: StoredData;
  readonly #rng: Rng;
  #generator: WeightGenerator | undefined;
  #task = -1;

  constructor(options: RehearsingHypernetOptions) {
    const { dynamics } = options;
    this.#options = options;
    this.#shape = { ...options.hypernetwork, target: dynamics };
    this.#theta = hypernetworkParameters(this.#shape).map((s) => ({ ...s, name: `hypernetwork.${s.name}` }));
    this.#trainer = new NetworkTrainer({ ...options, rateSetting: "hypernetwork.learningRate" });
    this.#stored = new StoredData(dynamics.sizes[0], targetSize(dynamics));
    this.#rng = options.rng;
  }

  async beginTask(index: number): Promise<void> {
    const random = this.#rng.split(`task${index}`);
    const e = Float32Array.from({ length: this.#shape.embedding }, () => random.normal());
    const before = this.#trainer.group;
    await this.#prepare(index);
    const { group } = this.#trainer;
    before.specs.forEach((_, i) => {
      group.values(i).set(before.values(i));
    });
    if (index === 0) await this.#initialize(e);
    this.#embedding(index).set(e);
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const feeds = this.#stored.feeds(iterations, this.#rowsPerTask(this.#task), rng.split("stored"));
    return this.#trainer.train({ data, normalizer, iterations, rng, task: this.#task, feeds });
  }

  async endTask(data: TrainingData, normalizer: NormalizerArrays, rng: Rng): Promise<void> {
    this.#stored.keep(data, normalizer, this.#options.keep, rng);
  }

  async weights(index: number): Promise<Float32Array> {
    return this.#generator!.generate(this.#embedding(index));
  }

  state(): LearnerState {
    const arrays: Record<string, SavedArray> = {};
    for (const { name, shape, data } of this.#trainer.group.entries()) arrays[name] = { shape, data };
    Object.assign(arrays, this.#stored.arrays());
    const numbers = { task: this.#task, steps: this.#trainer.steps, stored: this.#stored.tasks };
    return { arrays, numbers };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    this.#stored.restore(arrays, numbers.stored);
    this.#task = numbers.task;
    if (numbers.task < 0) return;
    await this.#prepare(numbers.task);
    this.#trainer.group.restore(arrays, "");
    this.#trainer.steps = numbers.steps;
  }

  async release(): Promise<void> {
    await this.#trainer.release();
    await this.#generator?.release();
  }

  /** Draws Θ as HyperCRL does. */
  #initialize(e: Float32Array): Promise<void> {
    const { group } = this.#trainer;
    const theta = {
      initialize: (rng: Rng) => group.initialize(rng),
      generate: (embedding: Float32Array) => this.#generator!.generate(embedding),
      scaleColumns: (scales: Float32Array) => scaleHead(group, scales),
    };
    return initializeTheta(theta, this.#shape, e, this.#rng.split("initial-weights"));
  }

  #embedding(index: number): Float32Array {
    return this.#trainer.group.values(this.#theta.length + index);
  }

  /** M, stored transitions of each earlier task in a minibatch. */
  #rowsPerTask(earlier: number): number {
    const { batchSize, keep } = this.#options;
    return keep === "all" || earlier === 0 ? batchSize : Math.max(1, Math.floor(batchSize / earlier));
  }

  async #prepare(task: number): Promise<void> {
    this.#task = task;
    const embeddings = Array.from(
      { length: task + 1 },
      (_, j): ParameterSpec => ({ name: `embeddings.${j}`, shape: [1, this.#shape.embedding], bound: 0 }),
    );
    await this.#trainer.build([...this.#theta, ...embeddings], (g) => this.#method(g, task));
    await this.#generator?.release();
    this.#generator = new WeightGenerator(this.#shape, this.#trainer.group);
  }

  /** @param earlier tasks that are rehearsed */
  #method(g: Graph, earlier: number): Method {
    const { target } = this.#shape;
    const rows = this.#rowsPerTask(earlier);
    const stored =
      earlier === 0 ? undefined : storedInputs(g, [target.sizes[0], targetSize(target)], earlier, rows);
    return {
      step: ({ x, y, iteration }, parameters) => {
        const theta = parameters.slice(0, this.#theta.length);
        // One pass through the hypernetwork for all tasks.
        const embeddings = ops.concat(parameters.slice(theta.length), 0);
        const generated = hypernetwork(this.#shape, theta, embeddings);
        const networks = ops
          .split(generated, new Array<number>(earlier + 1).fill(1), 0)
          .map((weights) => networkFromFlat(weights, target));
        const taskLoss = predictionLoss(networks[earlier], target, x, y);
        if (stored === undefined) return { taskLoss, gradients: gradients(taskLoss, parameters) };
        const old = storedMinibatch(stored, iteration);
        const [xs, ys] = [old.x, old.y].map((t) => ops.split(t, new Array<number>(earlier).fill(rows), 0));
        const added = xs
          .map((inputs, j) => predictionLoss(networks[j], target, inputs, ys[j]))
          .reduce((a, b) => ops.add(a, b));
        return { taskLoss, added, gradients: gradients(ops.add(taskLoss, added), parameters) };
      },
    };
  }
}

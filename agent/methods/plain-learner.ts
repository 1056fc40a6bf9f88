import type { Rng } from "../../sim/core/rng.js";
import { gradients } from "../graph/gradients.js";
import type { Learner, LearnerState, SavedArray, TrainingReport } from "../learner.js";
import { networkFromParts } from "../model/dynamics.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import { savedArray } from "../model/parameters.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { predictionLoss } from "../training/minibatches.js";
import { NetworkTrainer, type PlainOptions } from "../training/network-trainer.js";
import { bodyParts, flatValues, joined, networkParameters } from "../training/plain-network.js";

export interface PlainLearnerOptions extends PlainOptions {
  /**
   * `single`: every task gets a network of its own, trained from scratch (the reference of every comparison).
   * `finetune`: one body goes on from task to task, each task has its own output layer.
   */
  readonly sharing: "single" | "finetune";
}

/** Plain networks: the reference without sharing, and the baseline that does nothing against forgetting. */
export class PlainLearner implements Learner {
  readonly #options: PlainLearnerOptions;
  readonly #trainer: NetworkTrainer;
  readonly #rng: Rng;
  /** What is kept of each task that has ended or runs: its head, and with `single` its whole network. */
  readonly #kept: Float32Array[] = [];
  #task = -1;

  constructor(options: PlainLearnerOptions) {
    this.#options = options;
    this.#trainer = new NetworkTrainer(options);
    this.#rng = options.rng;
  }

  async beginTask(index: number): Promise<void> {
    if (index === 0) await this.#build();
    const { group } = this.#trainer;
    const body = group.specs
      .slice(0, bodyParts(this.#options.dynamics))
      .map((_, i) => group.values(i).slice());
    group.initialize(this.#rng.split(`task${index}`));
    if (this.#options.sharing === "finetune" && index > 0) {
      body.forEach((values, i) => {
        group.values(i).set(values);
      });
    }
    this.#task = index;
    this.#trainer.steps = 0;
    this.#kept.push(this.#own());
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const report = await this.#trainer.train({ data, normalizer, iterations, rng, task: this.#task });
    this.#kept[this.#task] = this.#own();
    return report;
  }

  /** Nothing: no data outlive their task. */
  async endTask(): Promise<void> {}

  async weights(index: number): Promise<Float32Array> {
    const kept = this.#kept[index];
    if (this.#options.sharing === "single") return kept.slice();
    return joined([flatValues(this.#trainer.group, 0, bodyParts(this.#options.dynamics)), kept]);
  }

  state(): LearnerState {
    const arrays: Record<string, SavedArray> = {};
    for (const { name, shape, data } of this.#trainer.group.entries()) {
      arrays[`network.${name}`] = { shape, data };
    }
    this.#kept.forEach((data, j) => {
      arrays[`tasks.${j}`] = { shape: [data.length], data };
    });
    return { arrays, numbers: { task: this.#task, steps: this.#trainer.steps } };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    this.#kept.length = 0;
    this.#task = numbers.task;
    if (this.#task < 0) return;
    await this.#build();
    this.#trainer.group.restore(arrays, "network.");
    this.#trainer.steps = numbers.steps;
    const { length } = this.#own();
    for (let j = 0; j <= this.#task; j++) this.#kept.push(savedArray(arrays, `tasks.${j}`, length).slice());
  }

  async release(): Promise<void> {
    await this.#trainer.release();
  }

  async #build(): Promise<void> {
    const { dynamics } = this.#options;
    await this.#trainer.build(networkParameters(dynamics), () => ({
      step: ({ x, y }, parameters) => {
        const taskLoss = predictionLoss(networkFromParts(parameters), dynamics, x, y);
        return { taskLoss, gradients: gradients(taskLoss, parameters) };
      },
    }));
  }

  /** The part of the current network that belongs to the current task alone. */
  #own(): Float32Array {
    const start = this.#options.sharing === "single" ? 0 : bodyParts(this.#options.dynamics);
    return flatValues(this.#trainer.group, start);
  }
}

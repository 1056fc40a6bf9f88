import { elementAt } from "../../sim/core/element.js";
import type { Rng } from "../../sim/core/rng.js";
import { gradients } from "../graph/gradients.js";
import type { Learner, LearnerState, TrainingReport } from "../learner.js";
import { networkFromParts } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import { ParameterGroup } from "../model/parameters.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { arraysByName, countRows, readRows, savedNumber, savedRows } from "../model/saved-arrays.js";
import { drawRows, predictionLoss } from "../training/minibatches.js";
import {
  bodyParts,
  flatValues,
  goOnAfter,
  initializeAfter,
  joined,
  networkParameters,
} from "../training/network-parts.js";
import { type NetworkOptions, NetworkTrainer } from "../training/network-trainer.js";

export interface PlainOptions extends NetworkOptions {
  /**
   * `single`: every task gets a network of its own, trained from scratch (the reference of every comparison). One that is learned
   * again goes on with its network.
   * `finetune`: one body goes on from task to task, each task has its own output layer. One that is learned again goes on with its
   * output layer, and with the body as the task before left it.
   */
  readonly sharing: "single" | "finetune";
}

/** Plain networks: the reference without sharing, and the baseline that does nothing against forgetting. */
export class PlainLearner implements Learner {
  readonly #options: PlainOptions;
  readonly #trainer: NetworkTrainer;
  readonly #rng: Rng;
  /** Parameters before those that belong to the current task alone: the body, or none with `single`. */
  readonly #shared: number;
  #network = new ParameterGroup([]);
  /** What belongs to each task begun so far alone: its head, and with `single` its whole network. */
  #parts: Float32Array[] = [];
  #task = -1;

  constructor(options: PlainOptions) {
    this.#options = options;
    this.#trainer = new NetworkTrainer(options);
    this.#rng = options.rng;
    this.#shared = options.sharing === "single" ? 0 : bodyParts(options.dynamics);
  }

  async beginTask(index: number): Promise<void> {
    const own = this.#parts[index];
    const isFirst = this.#parts.length === 0;
    if (isFirst) await this.#build();
    if (own === undefined) {
      initializeAfter(isFirst ? 0 : this.#shared, this.#network, this.#rng.split(`task${index}`));
    } else goOnAfter(this.#shared, this.#network, own);
    this.#task = index;
    this.#trainer.steps = 0;
    this.#parts[index] = this.#currentPart();
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const rows = drawRows(data, iterations * this.#options.batchSize, rng);
    const report = await this.#trainer.train({ data, normalizer, iterations, rows, task: this.#task });
    this.#parts[this.#task] = this.#currentPart();
    return report;
  }

  /** Nothing: no data outlive their task. */
  async endTask(): Promise<void> {}

  async weights(index: number): Promise<Float32Array> {
    return joined([
      flatValues(this.#network, 0, this.#shared),
      elementAt(this.#parts, index, "parts of tasks"),
    ]);
  }

  /** See `Learner.state`. */
  state(): LearnerState {
    return {
      arrays: {
        ...arraysByName(this.#network.entries(), "network."),
        ...savedRows("tasks", this.#parts),
      },
      numbers: { task: this.#task, steps: this.#trainer.steps },
    };
  }

  /** See `Learner.restore`. */
  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    this.#parts = [];
    this.#task = savedNumber(numbers, "task");
    if (this.#task < 0) return;
    await this.#build();
    this.#network.restore(arrays, "network.");
    this.#trainer.steps = savedNumber(numbers, "steps");
    const begun = Math.max(this.#task + 1, countRows(arrays, "tasks"));
    this.#parts = readRows(arrays, "tasks", begun, this.#currentPart().length);
  }

  /** See `Learner.release`. */
  async release(): Promise<void> {
    await this.#trainer.release();
  }

  async #build(): Promise<void> {
    const { dynamics, stepSizes } = this.#options;
    this.#network = new ParameterGroup(networkParameters(dynamics));
    const groups = [{ name: "network", parameters: this.#network, stepSizes }] as const;
    await this.#trainer.build(groups, () => ({
      step: ({ x, y }, [{ values }]) => {
        const taskLoss = predictionLoss(networkFromParts(values), dynamics, x, y);
        return { taskLoss, gradients: [gradients(taskLoss, values)] };
      },
    }));
  }

  #currentPart(): Float32Array {
    return flatValues(this.#network, this.#shared);
  }
}

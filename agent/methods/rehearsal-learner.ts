import type { Rng } from "../../sim/core/rng.js";
import { gradients } from "../graph/gradients.js";
import type { Graph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import type { Learner, LearnerState, TrainingReport } from "../learner.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import { ParameterGroup } from "../model/parameters.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { arraysByName, savedNumber } from "../model/saved-arrays.js";
import { drawRows } from "../training/minibatches.js";
import {
  bodyFeatures,
  bodyParts,
  flatValues,
  headLoss,
  joined,
  networkParameters,
} from "../training/network-parts.js";
import { type NetworkOptions, NetworkTrainer } from "../training/network-trainer.js";
import type { Objective } from "../training/training-graph.js";
import { headedParameters, type RehearsalMemory } from "./rehearsal-memory.js";

/**
 * Plain networks that rehearse transitions of earlier tasks. Where these come from is the memory's: stored ones are baselines of Huang et
 * al. (2021, arXiv 2009.11997), of which `multitask` keeps all of them, which continual learning must do without, and `coreset` some of each
 * task, drawn uniformly when it ends. Others are generated (`generative-replay`). One body is shared;
 * every task has a head, and all heads go on learning.
 *
 * One minibatch with stored ones: `L = Σ_{j≤t} Σ_b ‖ŷ_j(x_b) - y_b‖² / X` with B transitions of the current task and B of every
 * earlier one, so each task has the same share. This is the published weighting: its code adds for `multitask` a
 * minibatch of B per earlier task, and for `coreset` the whole coreset of size M scaled by B / M; drawing B rows of
 * it instead has the same expectation, at a cost that does not depend on M.
 *
 * While a task is learned again its stored transitions are rehearsed like those of all others, beside its new ones; at its end
 * `multitask` keeps both, and `coreset` draws its transitions anew from both together.
 */
export class RehearsalLearner implements Learner {
  readonly #options: NetworkOptions;
  readonly #trainer: NetworkTrainer;
  readonly #memory: RehearsalMemory;
  readonly #rng: Rng;
  /** The body, then the heads of all tasks. */
  #network = new ParameterGroup([]);
  #task = -1;
  /** Tasks begun. */
  #begun = 0;

  constructor(options: NetworkOptions, memory: RehearsalMemory) {
    this.#options = options;
    this.#trainer = new NetworkTrainer(options);
    this.#memory = memory;
    this.#rng = options.rng;
  }

  async beginTask(index: number): Promise<void> {
    const before = this.#network;
    await this.#prepare(index, Math.max(this.#begun, index + 1));
    // Drawing all and then setting what is known leaves the new head, and for the first task the body, as drawn.
    this.#network.initialize(this.#rng.split(`task${index}`));
    this.#network.copyValues(before);
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const { batchSize } = this.#options;
    const rows = drawRows(data, iterations * batchSize, rng);
    const feeds = this.#memory.feeds(iterations, rng.split("stored"));
    return this.#trainer.train({ data, normalizer, iterations, rows, task: this.#task }, { feeds });
  }

  async endTask(data: TrainingData, normalizer: NormalizerArrays, rng: Rng): Promise<void> {
    await this.#memory.keep(this.#task, data, normalizer, this.#network, rng);
  }

  async weights(index: number): Promise<Float32Array> {
    const { body, head } = this.#parts;
    const start = body + index * head;
    return joined([flatValues(this.#network, 0, body), flatValues(this.#network, start, start + head)]);
  }

  state(): LearnerState {
    const arrays = { ...arraysByName(this.#network.entries()), ...this.#memory.arrays() };
    const numbers = { task: this.#task, steps: this.#trainer.steps, stored: this.#memory.tasks };
    return { arrays, numbers };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    this.#memory.restore(arrays, savedNumber(numbers, "stored"));
    const task = savedNumber(numbers, "task");
    if (task < 0) return;
    // The memory has every task that has ended, and all but the current one have.
    await this.#prepare(task, Math.max(this.#memory.tasks, task + 1));
    this.#network.restore(arrays, "");
    this.#trainer.steps = savedNumber(numbers, "steps");
  }

  async release(): Promise<void> {
    await this.#trainer.release();
  }

  /** Arrays of the body and of each head. */
  get #parts(): { body: number; head: number } {
    const { dynamics } = this.#options;
    const body = bodyParts(dynamics);
    return { body, head: networkParameters(dynamics).length - body };
  }

  /** @param begun tasks, each with a head */
  async #prepare(task: number, begun: number): Promise<void> {
    this.#task = task;
    this.#begun = begun;
    const { dynamics, stepSizes } = this.#options;
    const names = { body: "network", heads: "heads" };
    this.#network = new ParameterGroup(headedParameters(dynamics, begun, names));
    const groups = [{ name: "network", parameters: this.#network, stepSizes }] as const;
    await this.#trainer.build(groups, (g) => this.#objective(g, task));
  }

  /** The earlier tasks are rehearsed, and the current one when it is learned again. */
  #objective(g: Graph, task: number): Objective {
    const { dynamics, batchSize } = this.#options;
    const { rows } = this.#memory;
    const { activation } = dynamics;
    const parts = this.#parts;
    const rehearse = rows.length === 0 ? undefined : this.#memory.declare(g);
    return {
      step: ({ x, y, iteration }, [{ values }]) => {
        const shared = values.slice(0, parts.body);
        const heads = values.slice(parts.body);
        const head = (j: number) => heads.slice(j * parts.head, (j + 1) * parts.head);
        if (rehearse === undefined) {
          const taskLoss = headLoss(head(0), dynamics, bodyFeatures(shared, activation, x), y);
          return { taskLoss, gradients: [gradients(taskLoss, values)] };
        }
        const old = rehearse(iteration);
        // One pass through the body for all tasks.
        const features = bodyFeatures(shared, activation, ops.concat([old.x, x], 0));
        const byTask = ops.split(features, [...rows, batchSize], 0);
        const losses = ops
          .split(old.y, rows, 0)
          .map((targets, j) => headLoss(head(j), dynamics, byTask[j]!, targets));
        const added = losses.reduce((a, b) => ops.add(a, b));
        const taskLoss = headLoss(head(task), dynamics, byTask[rows.length]!, y);
        return { taskLoss, added, gradients: [gradients(ops.add(taskLoss, added), values)] };
      },
    };
  }
}

import { elementAt } from "../../sim/core/element.js";
import type { Rng } from "../../sim/core/rng.js";
import { gradients } from "../graph/gradients.js";
import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArray, alignedArrays, type Feeds, tensor } from "../graph/session.js";
import type { Learner, LearnerState, TrainingReport } from "../learner.js";
import { networkFromParts } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import { ParameterGroup } from "../model/parameters.js";
import type { TrainingData } from "../model/replay-buffer.js";
import {
  arraysByName,
  countRows,
  readRows,
  savedArray,
  savedNumber,
  savedRow,
  savedRows,
} from "../model/saved-arrays.js";
import { drawRows, predictionLoss, type TrainingCall } from "../training/minibatches.js";
import {
  bodyParts,
  flatParameters,
  flatValues,
  goOnAfter,
  initializeAfter,
  joined,
  networkParameters,
} from "../training/network-parts.js";
import { type NetworkOptions, NetworkTrainer } from "../training/network-trainer.js";
import type { Objective } from "../training/training-graph.js";
import type { Importance } from "./importance.js";

export interface ConsolidationOptions extends NetworkOptions {
  readonly importance: Importance;
}

/**
 * A plain network that goes on from task to task like `finetune`, held back where a weight mattered to earlier
 * tasks: `L = L_task + strength · Σ_i importance_i (θ_i - anchor_i)²`, over the weights of the shared body (each
 * task has a head of its own, which no other task changes, and goes on with it when it is learned again). No data are kept.
 * See `FisherImportance` (EWC) and `PathImportance` (SI).
 */
export class ConsolidationLearner implements Learner {
  readonly #options: ConsolidationOptions;
  readonly #trainer: NetworkTrainer;
  readonly #rng: Rng;
  #network = new ParameterGroup([]);
  /** Heads of the tasks begun so far. */
  #heads: Float32Array[] = [];
  /** Body at the start of the current task. */
  #start = alignedArray(0);
  /** Path integral of the current task, and where a training call writes it. */
  #path = alignedArray(0);
  #nextPath = alignedArray(0);
  #penalty: Feeds = {};
  #offset = 0;
  #task = -1;
  #ended = 0;

  constructor(options: ConsolidationOptions) {
    this.#options = options;
    this.#trainer = new NetworkTrainer(options);
    this.#rng = options.rng;
  }

  async beginTask(index: number): Promise<void> {
    const own = this.#heads[index];
    const isFirst = this.#heads.length === 0;
    if (isFirst) await this.#build();
    if (own === undefined) {
      initializeAfter(isFirst ? 0 : this.#bodyParts, this.#network, this.#rng.split(`task${index}`));
    } else goOnAfter(this.#bodyParts, this.#network, own);
    this.#trainer.steps = 0;
    this.#task = index;
    this.#heads[index] = this.#head();
    this.#start.set(this.#body());
    this.#path.fill(0);
    this.#loadPenalty();
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const { batchSize, importance } = this.#options;
    const rows = drawRows(data, iterations * batchSize, rng);
    const call = { data, normalizer, iterations, rows, task: this.#task };
    const report = importance.followsPath
      ? await this.#trainAlongPath(call)
      : await this.#trainer.train(call, { feeds: this.#penalty });
    this.#heads[this.#task] = this.#head();
    const constant = (importance.strength * this.#offset) / batchSize;
    return { ...report, regularizer: report.regularizer + constant };
  }

  async endTask(data: TrainingData, normalizer: NormalizerArrays): Promise<void> {
    await this.#options.importance.endTask({
      task: this.#task,
      start: this.#start.slice(),
      end: this.#body(),
      path: this.#path.slice(),
      weights: flatValues(this.#network),
      data,
      normalizer,
    });
    this.#ended = Math.max(this.#ended, this.#task + 1);
  }

  async weights(index: number): Promise<Float32Array> {
    return joined([this.#body(), elementAt(this.#heads, index, "heads of tasks")]);
  }

  state(): LearnerState {
    const { importance } = this.#options;
    const followed = importance.followsPath && this.#task >= 0;
    return {
      arrays: {
        ...arraysByName(this.#network.entries(), "network."),
        ...savedRows("heads", this.#heads),
        ...(followed && { start: savedRow(this.#start), path: savedRow(this.#path) }),
        ...importance.arrays(),
      },
      numbers: { task: this.#task, steps: this.#trainer.steps, ended: this.#ended },
    };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    this.#heads = [];
    this.#task = savedNumber(numbers, "task");
    this.#ended = savedNumber(numbers, "ended");
    if (this.#task < 0) return;
    await this.#build();
    this.#network.restore(arrays, "network.");
    this.#trainer.steps = savedNumber(numbers, "steps");
    const begun = Math.max(this.#task + 1, countRows(arrays, "heads"));
    this.#heads = readRows(arrays, "heads", begun, this.#head().length);
    const { importance } = this.#options;
    if (importance.followsPath) {
      this.#start.set(savedArray(arrays, "start", this.#start.length));
      this.#path.set(savedArray(arrays, "path", this.#path.length));
    }
    importance.restore(arrays, this.#ended, this.#path.length);
    this.#loadPenalty();
  }

  async release(): Promise<void> {
    await this.#trainer.release();
  }

  /** Goes on with the path integral from where the last call left it. */
  async #trainAlongPath(call: TrainingCall): Promise<TrainingReport> {
    const shape = [1, this.#path.length];
    const report = await this.#trainer.train(call, {
      feeds: { ...this.#penalty, path: tensor(this.#path, shape) },
      results: { "next.path": tensor(this.#nextPath, shape) },
    });
    const before = this.#path;
    this.#path = this.#nextPath;
    this.#nextPath = before;
    return report;
  }

  get #bodyParts(): number {
    return bodyParts(this.#options.dynamics);
  }

  #body(): Float32Array {
    return flatValues(this.#network, 0, this.#bodyParts);
  }

  #head(): Float32Array {
    return flatValues(this.#network, this.#bodyParts);
  }

  async #build(): Promise<void> {
    const { dynamics, stepSizes } = this.#options;
    this.#network = new ParameterGroup(networkParameters(dynamics));
    const groups = [{ name: "network", parameters: this.#network, stepSizes }] as const;
    await this.#trainer.build(groups, (g) => this.#objective(g));
    const { length } = this.#body();
    const [start, path, nextPath] = alignedArrays([length, length, length]);
    this.#start = start;
    this.#path = path;
    this.#nextPath = nextPath;
  }

  /** Feeds the penalty of the tasks ended so far; zeros before the first has ended. */
  #loadPenalty(): void {
    const size = this.#path.length;
    const [importance, anchor] = alignedArrays([size, size]);
    const penalty = this.#options.importance.penalty(this.#task);
    if (penalty !== undefined) {
      importance.set(penalty.importance);
      anchor.set(penalty.anchor);
    }
    this.#offset = penalty?.offset ?? 0;
    this.#penalty = { importance: tensor(importance, [1, size]), anchor: tensor(anchor, [1, size]) };
  }

  #objective(g: Graph): Objective {
    const { dynamics, importance } = this.#options;
    const size = this.#body().length;
    const weights = g.input("importance", [1, size]);
    const anchor = g.input("anchor", [1, size]);
    const carried = importance.followsPath ? [g.input("path", [1, size])] : [];
    const bodyOf = (network: readonly Tensor[]) => network.slice(0, this.#bodyParts);
    return {
      carried,
      step: ({ x, y }, [{ values }], [path]) => {
        const body = bodyOf(values);
        const taskLoss = predictionLoss(networkFromParts(values), dynamics, x, y);
        const task = gradients(taskLoss, values);
        const before = flatParameters(body);
        const drift = ops.square(ops.sub(before, anchor));
        const added = ops.mul(ops.reduceSum(ops.mul(weights, drift)), importance.strength);
        const total = gradients(added, body, bodyOf(task));
        return {
          taskLoss,
          added,
          gradients: [[...total, ...task.slice(body.length)]],
          carry: ([next]) => {
            if (path === undefined) return [];
            const change = ops.sub(flatParameters(bodyOf(next)), before);
            return [ops.sub(path, ops.mul(flatParameters(bodyOf(task)), change))];
          },
        };
      },
    };
  }
}

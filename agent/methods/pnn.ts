import { elementAt } from "../../sim/core/element.js";
import type { Rng } from "../../sim/core/rng.js";
import { gradients } from "../graph/gradients.js";
import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArray, type Feeds, tensor } from "../graph/session.js";
import type { Learner, LearnerState, TrainingReport } from "../learner.js";
import { activate, layerSizes, type MlpShape, weightCount } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import { ParameterGroup, type ParameterSpec, parameterCount, xavierBound } from "../model/parameters.js";
import { refusedInt8 } from "../model/precision.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { arraysByName, savedArray, savedNumber, savedRows } from "../model/saved-arrays.js";
import type { Settings } from "../settings/schema.js";
import { drawRows } from "../training/minibatches.js";
import { bodyParts, flatValues, headLoss, networkParameters } from "../training/network-parts.js";
import { type NetworkOptions, NetworkTrainer } from "../training/network-trainer.js";
import type { Objective } from "../training/training-graph.js";
import type { LearnerSize, Method } from "./method.js";

/** A progressive neural network; see `ProgressiveLearner`. */
export const pnn: Method = {
  name: "pnn",
  summary: "a progressive network: every task adds a column that reads the frozen columns of earlier tasks",
  networkShape: progressiveShape,
  size: progressiveSize,
  checkSettings: ({ planner }) => {
    if (planner.precision === "int8")
      throw refusedInt8("method pnn, whose layers have a block for each task", "another method");
  },
  create: (options, { mlp }) => new ProgressiveLearner({ ...options, stepSizes: mlp }),
};

/**
 * Progressive neural network (Rusu et al. 2016, arXiv 1606.04671): every task gets a column of its own, earlier
 * columns are frozen, and each layer but the first also reads the layer before of all earlier columns (equation 1):
 * `h_i^k = f(W_i^k h_{i-1}^k + Σ_{j<k} U_i^{k:j} h_{i-1}^j + b_i^k)`, the output layer alike without f. The lateral
 * weights `U_i^{k:j}` and `W_i^k` lie above one another in one matrix, so that column k is a plain layer on the
 * features of columns 0 … k. (The non-linear adapters of equation 2, which the source offers to make the lateral
 * weights fewer, are left out: without them all columns together are one multi-layer perceptron, which plans like any
 * other.) Nothing is forgotten by construction; what is kept grows with the square of the number of tasks. A task cannot be learned
 * again: the columns after its own read it, so it stays as it is.
 */
class ProgressiveLearner implements Learner {
  readonly #options: NetworkOptions;
  readonly #trainer: NetworkTrainer;
  readonly #rng: Rng;
  /** Parameters of each column begun so far, one after another. */
  readonly #columns: Float32Array[] = [];
  /** The column of the current task. */
  #column = new ParameterGroup([]);
  #frozen: Feeds = {};
  #task = -1;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#trainer = new NetworkTrainer(options);
    this.#rng = options.rng;
  }

  async beginTask(index: number): Promise<void> {
    await this.#prepare(index);
    this.#column.initialize(this.#rng.split(`task${index}`));
    this.#columns.push(flatValues(this.#column));
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const rows = drawRows(data, iterations * this.#options.batchSize, rng);
    const call = { data, normalizer, iterations, rows, task: this.#task };
    const report = await this.#trainer.train(call, { feeds: this.#frozen });
    this.#columns[this.#task] = flatValues(this.#column);
    return report;
  }

  /** Nothing: no data outlive their task, and its column stays as it is from here on. */
  async endTask(): Promise<void> {}

  /** Columns 0 to `index` as the one network of `progressiveShape`. */
  async weights(index: number): Promise<Float32Array> {
    return joinColumns(this.#options.dynamics, this.#columns.slice(0, index + 1));
  }

  state(): LearnerState {
    return {
      arrays: {
        ...arraysByName(this.#column.entries(), "column."),
        ...savedRows("columns", this.#columns),
      },
      numbers: { task: this.#task, steps: this.#trainer.steps },
    };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    this.#task = savedNumber(numbers, "task");
    this.#columns.length = 0;
    for (let j = 0; j <= this.#task; j++) {
      const size = parameterCount(columnParameters(this.#options.dynamics, j));
      this.#columns.push(savedArray(arrays, `columns.${j}`, size).slice());
    }
    if (this.#task < 0) return;
    await this.#prepare(this.#task);
    this.#column.restore(arrays, "column.");
    this.#trainer.steps = savedNumber(numbers, "steps");
  }

  async release(): Promise<void> {
    await this.#trainer.release();
  }

  /** Makes the graph that trains column `task`, with the columns before it as inputs. */
  async #prepare(task: number): Promise<void> {
    const { dynamics, stepSizes } = this.#options;
    this.#task = task;
    this.#column = new ParameterGroup(columnParameters(dynamics, task));
    const groups = [{ name: "column", parameters: this.#column, stepSizes }] as const;
    await this.#trainer.build(groups, (g) => objective(g, dynamics, task));
    const feeds = this.#columns.slice(0, task).map((column, j) => {
      const aligned = alignedArray(column.length);
      aligned.set(column);
      return [`columns.${j}`, tensor(aligned, [1, column.length])] as const;
    });
    this.#frozen = Object.fromEntries(feeds);
  }
}

/** The network that columns 0 to `k` make together: hidden layers k + 1 times as wide, in blocks. */
function progressiveShape(dynamics: MlpShape, k: number): MlpShape {
  const last = dynamics.sizes.length - 1;
  const sizes = dynamics.sizes.map((size, i) => (i === 0 || i === last ? size : size * (k + 1)));
  return { ...dynamics, sizes, ...(k > 0 && { blocks: k + 1 }) };
}

/** The last column is trained; all columns are kept, and joined they are the network that plans. */
function progressiveSize(dynamics: MlpShape, { tasks }: Settings): LearnerSize {
  const columns = Array.from({ length: tasks }, (_, k) => parameterCount(columnParameters(dynamics, k)));
  return {
    trained: elementAt(columns, tasks - 1, "columns"),
    kept: columns.reduce((sum, count) => sum + count, 0),
    transitions: 0,
    batches: 1,
    fused: 0,
    settings: ["dynamics.hidden", "tasks"],
  };
}

/** Parameters of column k: weights of layers after the first are `[(k + 1) in, out]`. */
function columnParameters(dynamics: MlpShape, k: number): ParameterSpec[] {
  const layers = dynamics.sizes.length - 1;
  return networkParameters(dynamics).map((spec, i) => {
    if (i === 0 || i >= 2 * layers || i % 2 === 1) return spec;
    const rows = spec.shape[0] * (k + 1);
    const columns = spec.shape[1];
    return { ...spec, shape: [rows, columns], bound: xavierBound(rows, columns) };
  });
}

/** One minibatch of column `k`: earlier columns give their features and stay as they are. */
function objective(g: Graph, dynamics: MlpShape, k: number): Objective {
  const frozen = Array.from({ length: k }, (_, j) => {
    const specs = columnParameters(dynamics, j);
    const sizes = specs.map(({ shape: [rows, columns] }) => rows * columns);
    const parts = ops.split(g.input(`columns.${j}`, [1, parameterCount(specs)]), sizes);
    return specs.map(({ shape }, i) => ops.reshape(parts[i]!, shape));
  });
  return {
    step: ({ x, y }, [{ values }]) => {
      const columns: (readonly Tensor[])[] = [...frozen, values];
      let features: Tensor[] = [];
      for (let i = 0; i < bodyParts(dynamics); i += 2) {
        const before = features;
        features = columns.map((parts, j) => {
          const input = i === 0 ? x : ops.concat(before.slice(0, j + 1));
          return activate(dynamics.activation, ops.gemm(input, parts[i]!, parts[i + 1]!));
        });
      }
      const head = values.slice(bodyParts(dynamics));
      const taskLoss = headLoss(head, dynamics, ops.concat(features), y);
      return { taskLoss, gradients: [gradients(taskLoss, values)] };
    },
  };
}

/**
 * Columns side by side as the weights of one network: block-triangular, for no column reads a later one, and with the
 * output layer of the last.
 */
function joinColumns(dynamics: MlpShape, columns: readonly Float32Array[]): Float32Array {
  const k = columns.length - 1;
  const out = new Float32Array(weightCount(progressiveShape(dynamics, k)));
  /** Numbers of each column that are in their place. */
  const copied = columns.map(() => 0);
  let layerStart = 0;
  for (const [i, [inputs, outputs]] of layerSizes(dynamics).slice(0, -1).entries()) {
    const width = outputs * (k + 1);
    const rows = (j: number) => (i === 0 ? inputs : inputs * (j + 1));
    const biasStart = layerStart + rows(k) * width;
    columns.forEach((column, j) => {
      for (let row = 0; row <= rows(j); row++) {
        const rowStart = row < rows(j) ? layerStart + row * width : biasStart;
        out.set(column.subarray(copied[j]!, copied[j]! + outputs), rowStart + j * outputs);
        copied[j]! += outputs;
      }
    });
    layerStart = biasStart + width;
  }
  out.set(columns[k]!.subarray(copied[k]), layerStart);
  return out;
}

import { RunError, UsageError } from "../../sim/core/errors.js";
import type { Learner, LearnerOptions, LearnerState, TrainingReport } from "../learner.js";
import { inputSize, type MlpShape, targetSize, weightCount } from "../model/network.js";
import { Normalizer, type NormalizerArrays } from "../model/normalizer.js";
import { RandomFeatures, type Readout } from "../model/random-features.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { RidgeRegression } from "../model/ridge.js";
import {
  countRows,
  readRows,
  type SavedArray,
  savedArray,
  savedNumber,
  savedRows,
} from "../model/saved-arrays.js";
import type { Method } from "./method.js";

/** Most features: solving for the readout takes time that grows with their third power. */
const MOST_FEATURES = 1000;

/**
 * Follow the leader: one linear model on random features that after every session is the best one for all transitions ever seen, of
 * all tasks, without keeping any (Liu et al. 2024, Locality Sensitive Sparse Encoding for Learning World Models Online, arXiv 2401.13034).
 * It needs no task boundaries, and no minibatches: `loop.trainIterations` means nothing to it. Features are those of a random hidden
 * layer in the place of the published sparse code, because planners read networks.
 */
export const ftl: Method = {
  name: "ftl",
  summary: "one linear model on random features, fitted exactly to all transitions seen without keeping them",
  revisits: true,
  checkSettings({ dynamics }) {
    const { outputVariance, outlierLimit } = dynamics;
    if (outputVariance)
      throw refused("dynamics.outputVariance", "true", "false", "ftl fits by squared errors alone");
    if (outlierLimit > 0)
      throw refused(
        "dynamics.outlierLimit",
        outlierLimit,
        "0",
        "ftl cannot leave out later what it has seen",
      );
  },
  defaults: { paper: ["dynamics.outputVariance=false"] },
  networkShape: (dynamics) => featuresShape(dynamics),
  size(dynamics) {
    const shape = featuresShape(dynamics);
    const features = shape.sizes[1]! + 1;
    const statistics = features * (features + targetSize(shape));
    return {
      trained: 0,
      kept: weightCount(shape) + 4 * statistics,
      transitions: 0,
      batches: 1,
      fused: 0,
      settings: ["dynamics.hidden"],
    };
  },
  create: (options, { mlp }) => new FollowTheLeader(options, mlp.ftlRidge),
};

/** The error of a setting that the method has no use for. */
function refused(name: string, got: string | number, expected: string, why: string): UsageError {
  return new UsageError({
    what: `Setting ${name} is not valid`,
    got: `${got}, and method ftl`,
    expected,
    todo: `Set ${name}=${expected}: ${why}`,
  });
}

/** One hidden layer, so wide that the network has about as many numbers as the configured one, and at most 1000. */
function featuresShape(dynamics: MlpShape): MlpShape {
  const [inputs, targets] = [inputSize(dynamics), targetSize(dynamics)];
  const alike = Math.round((weightCount(dynamics) - targets) / (inputs + 1 + targets));
  return { ...dynamics, sizes: [inputs, Math.max(1, Math.min(MOST_FEATURES, alike)), targets] };
}

/** See `ftl`. */
class FollowTheLeader implements Learner {
  readonly #shape: MlpShape;
  readonly #features: RandomFeatures;
  readonly #penalty: number;
  #regression: RidgeRegression;
  #readout: Readout;
  /** The normaliser of the first session, in whose units features and readout stay; undefined before it. */
  #reference: NormalizerArrays | undefined;
  /** The normaliser that the weights of each task begun so far are in units of. */
  #normalizers: NormalizerArrays[] = [];
  #task = -1;
  /** Transitions of the current visit that were added to the regression, or were overwritten before they could be. */
  #seen = 0;

  constructor({ dynamics, rng }: LearnerOptions, penalty: number) {
    this.#shape = featuresShape(dynamics);
    this.#features = new RandomFeatures(this.#shape, rng.split("features"));
    this.#penalty = penalty;
    this.#regression = new RidgeRegression(this.#features.count, targetSize(dynamics));
    this.#readout = new Float64Array(this.#regression.products.length);
  }

  /** Notes that other data come; the model is the same for all tasks. */
  async beginTask(index: number): Promise<void> {
    const [inputs, targets] = [inputSize(this.#shape), targetSize(this.#shape)];
    this.#normalizers[index] ??= new Normalizer(inputs, targets, false).arrays();
    this.#task = index;
    this.#seen = 0;
  }

  /** Adds the transitions that are new and solves anew. @throws RunError when one of them is not finite */
  async train(data: TrainingData, normalizer: NormalizerArrays): Promise<TrainingReport> {
    this.#learn(data, normalizer);
    return { taskLoss: this.#error(data, normalizer), regularizer: 0 };
  }

  /** Adds what came after the last session. */
  async endTask(data: TrainingData, normalizer: NormalizerArrays): Promise<void> {
    this.#learn(data, normalizer);
  }

  async weights(index: number): Promise<Float32Array> {
    const own = this.#normalizers[index]!;
    return this.#features.network(this.#readout, this.#reference ?? own, own);
  }

  /** See `Learner.state`. */
  state(): LearnerState {
    const { gram, products } = this.#regression;
    const F = this.#features.count;
    const arrays: Record<string, SavedArray> = {
      gram: { shape: [F, F], data: gram.slice() },
      products: { shape: [F, products.length / F], data: products.slice() },
      ...savedRows("tasks", this.#normalizers.map(rowOf)),
      ...(this.#reference && savedRows("reference", [rowOf(this.#reference)])),
    };
    return { arrays, numbers: { task: this.#task, seen: this.#seen } };
  }

  /** See `Learner.restore`. */
  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    const { gram, products } = this.#regression;
    gram.set(savedArray(arrays, "gram", gram.length));
    products.set(savedArray(arrays, "products", products.length));
    this.#task = savedNumber(numbers, "task");
    this.#seen = savedNumber(numbers, "seen");
    const size = 2 * (inputSize(this.#shape) + targetSize(this.#shape));
    const begun = Math.max(this.#task + 1, countRows(arrays, "tasks"));
    this.#normalizers = readRows(arrays, "tasks", begun, size).map((row) => this.#normalizerOf(row));
    const [reference] = readRows(arrays, "reference", Math.min(1, countRows(arrays, "reference")), size);
    this.#reference = reference && this.#normalizerOf(reference);
    if (this.#reference) this.#readout = this.#regression.solve(this.#penalty);
  }

  /** Nothing: it holds nothing of the runtime. */
  async release(): Promise<void> {}

  #learn(data: TrainingData, normalizer: NormalizerArrays): void {
    const reference = this.#reference ?? normalizer;
    const rows = newRows(data, this.#seen);
    const { x, y } = inUnits(data, rows, reference);
    const isWrong = (value: number) => !Number.isFinite(value);
    const wrong = x.find(isWrong) ?? y.find(isWrong);
    if (wrong !== undefined) throw notFinite(this.#task, wrong);
    this.#reference = reference;
    this.#normalizers[this.#task] = normalizer;
    this.#regression.add(this.#features.of(x), y);
    this.#seen = data.added;
    this.#readout = this.#regression.solve(this.#penalty);
  }

  /** Mean squared error over the data, in the units of a normaliser. */
  #error(data: TrainingData, normalizer: NormalizerArrays): number {
    const reference = this.#reference ?? normalizer;
    const rows = Array.from({ length: data.size }, (_, row) => row);
    const { x, y } = inUnits(data, rows, reference);
    const phi = this.#features.of(x);
    const [F, X] = [this.#features.count, targetSize(this.#shape)];
    let sum = 0;
    for (let n = 0; n < rows.length; n++) {
      for (let k = 0; k < X; k++) {
        let error = -y[n * X + k]!;
        for (let f = 0; f < F; f++) error += phi[n * F + f]! * this.#readout[f * X + k]!;
        sum += ((error * reference.targetStd[k]!) / normalizer.targetStd[k]!) ** 2;
      }
    }
    return sum / (Math.max(1, rows.length) * X);
  }

  #normalizerOf(row: Float32Array): NormalizerArrays {
    const [I, X] = [inputSize(this.#shape), targetSize(this.#shape)];
    return {
      inputMean: row.slice(0, I),
      inputScale: row.slice(I, 2 * I),
      targetMean: row.slice(2 * I, 2 * I + X),
      targetStd: row.slice(2 * I + X),
    };
  }
}

function rowOf({ inputMean, inputScale, targetMean, targetStd }: NormalizerArrays): Float32Array {
  return Float32Array.of(...inputMean, ...inputScale, ...targetMean, ...targetStd);
}

/** Rows of the transitions that were added after the first `seen` and are still there, the oldest first. */
function newRows({ added, size, capacity }: TrainingData, seen: number): number[] {
  const first = Math.max(seen, added - size);
  return Array.from({ length: added - first }, (_, k) => (first + k) % capacity);
}

/** Inputs `[N, I]` and targets `[N, X]` of some rows, as a normaliser shows them. */
function inUnits(
  { inputs, targets, inputSize: I, targetSize: X }: TrainingData,
  rows: readonly number[],
  { inputMean, inputScale, targetMean, targetStd }: NormalizerArrays,
): { x: Float64Array; y: Float64Array } {
  const x = new Float64Array(rows.length * I);
  const y = new Float64Array(rows.length * X);
  for (const [n, row] of rows.entries()) {
    for (let i = 0; i < I; i++) x[n * I + i] = (inputs[row * I + i]! - inputMean[i]!) * inputScale[i]!;
    for (let k = 0; k < X; k++) y[n * X + k] = (targets[row * X + k]! - targetMean[k]!) / targetStd[k]!;
  }
  return { x, y };
}

function notFinite(task: number, got: number): RunError {
  return new RunError({
    what: `Method ftl cannot learn from a transition of task ${task + 1}`,
    got: `the number ${got} in it`,
    expected: "finite numbers in every transition",
    todo: "Look at what the suite observes; what was saved before this session is intact",
  });
}

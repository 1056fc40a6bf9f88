import type { Rng } from "../../sim/core/rng.js";
import { alignedArray } from "../graph/session.js";
import type { Learner, LearnerOptions, LearnerState, SavedArray, TrainingReport } from "../learner.js";
import { fillAdamScalars, type StepSizes } from "../model/adam.js";
import { weightCount } from "../model/dynamics.js";
import type { HypernetworkShape } from "../model/hypernetwork.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import { savedArray } from "../model/parameters.js";
import type { TrainingData } from "../model/replay-buffer.js";
import type { Settings } from "../settings/schema.js";
import { FusedTrainer } from "../training/fused-trainer.js";
import { GraphTrainer } from "../training/graph-trainer.js";
import type { HypernetworkTrainer } from "../training/hypernetwork-trainer.js";
import { checkLosses, LossArray, MinibatchFeeder, mean } from "../training/minibatches.js";
import { initializeTheta } from "../training/theta.js";
import type { Method } from "./method.js";

/** HyperCRL as published; see `HyperCrlLearner`. */
export const hypercrl: Method = {
  name: "hypercrl",
  summary: "a hypernetwork generates each task's weights and is held to those of earlier tasks",
  trainsWithKernel: true,
  create: (options, settings) => new HyperCrlLearner({ ...options, ...hyperCrlOptions(settings) }),
};

/** What a learner of this kind takes from the settings. */
export function hyperCrlOptions({ hypernetwork, training }: Settings) {
  return {
    hypernetwork,
    learningRate: hypernetwork.learningRate,
    endFactor: hypernetwork.endFactor,
    embeddingLearningRate: hypernetwork.embeddingLearningRate,
    beta: hypernetwork.beta,
    regularizedTasks: hypernetwork.regularizedTasks,
    engine: training.engine,
  };
}

export interface HyperCrlOptions extends LearnerOptions, StepSizes {
  readonly hypernetwork: Omit<HypernetworkShape, "target">;
  /** Falls with the other rate. */
  readonly embeddingLearningRate: number;
  /** β, weight of the regulariser. */
  readonly beta: number;
  /** Earlier tasks in the regulariser at each minibatch: all, or this many drawn uniformly. */
  readonly regularizedTasks: "all" | number;
  /** What makes the minibatch steps; without the kernel, and with chunks, it is the graph in any case. */
  readonly engine: "fused" | "graph";
}

/**
 * HyperCRL (Huang et al. 2021, arXiv 2009.11997): a hypernetwork generates the dynamics weights of each task from
 * its embedding; while a new task is learned, what it generates for earlier tasks is held to frozen targets
 * `W*_j`. No data of earlier tasks is kept: Θ, one embedding and one target per task are all.
 */
export class HyperCrlLearner implements Learner {
  readonly #options: HyperCrlOptions;
  readonly #shape: HypernetworkShape;
  readonly #trainer: HypernetworkTrainer;
  readonly #feeder: MinibatchFeeder;
  readonly #losses = [new LossArray(), new LossArray()];
  readonly #rng: Rng;
  readonly #embeddings: Float32Array[] = [];
  #targets: Float32Array[] = [];
  #task = -1;
  #steps = 0;

  constructor(options: HyperCrlOptions) {
    const { batchSize, clipNorm, beta, dynamics, engine, compute } = options;
    this.#options = options;
    this.#shape = { ...options.hypernetwork, target: dynamics };
    const trainer = { shape: this.#shape, batchSize, clipNorm, beta };
    const fused = engine === "fused" && compute.kernel && this.#shape.chunks === undefined;
    this.#trainer = fused ? new FusedTrainer(trainer, compute.threads) : new GraphTrainer(trainer);
    this.#feeder = new MinibatchFeeder(dynamics, batchSize);
    this.#rng = options.rng;
  }

  async beginTask(index: number): Promise<void> {
    const random = this.#rng.split(`task${index}`);
    const e = Float32Array.from({ length: this.#shape.embedding }, () => random.normal());
    if (index === 0) await initializeTheta(this.#trainer, this.#shape, e, this.#rng.split("initial-weights"));
    else {
      this.#targets = [];
      for (let j = 0; j < index; j++) this.#targets.push(await this.weights(j));
    }
    this.#task = index;
    this.#steps = 0;
    this.#trainer.newTask(e);
    this.#embeddings.push(e);
    await this.#prepare();
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const { batchSize, embeddingLearningRate } = this.#options;
    const [taskLosses, regularizers] = this.#losses.map((l) => l.take(iterations));
    const minibatches = this.#feeder.feeds(data, normalizer, iterations, rng);
    await this.#trainer.train({
      trips: iterations,
      minibatches,
      thetaScalars: this.#adamScalars(this.#options, iterations),
      embeddingScalars: this.#adamScalars(
        { ...this.#options, learningRate: embeddingLearningRate },
        iterations,
      ),
      picks: this.#picks(iterations, rng),
      taskLosses,
      regularizers,
    });
    const losses = { "the task loss": taskLosses, "the regulariser": regularizers };
    checkLosses(losses, this.#task, "hypernetwork.learningRate");
    this.#steps += iterations;
    this.#embeddings[this.#task] = this.#trainer.embedding();
    return { taskLoss: mean(taskLosses) / batchSize, regularizer: mean(regularizers) / batchSize };
  }

  /** Nothing: no data outlive their task, and targets are frozen when the next one begins. */
  async endTask(): Promise<void> {}

  async weights(index: number): Promise<Float32Array> {
    return this.#trainer.generate(this.#embeddings[index]);
  }

  state(): LearnerState {
    const arrays: Record<string, SavedArray> = {};
    for (const { name, shape, data } of this.#trainer.entries()) arrays[name] = { shape, data };
    this.#embeddings.forEach((data, j) => {
      arrays[`embeddings.${j}`] = { shape: [data.length], data };
    });
    this.#targets.forEach((data, j) => {
      arrays[`targets.${j}`] = { shape: [data.length], data };
    });
    return { arrays, numbers: { task: this.#task, steps: this.#steps, targets: this.#targets.length } };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    this.#trainer.restore(arrays);
    this.#task = numbers.task;
    this.#steps = numbers.steps;
    const read = (name: string, size: number) => savedArray(arrays, name, size).slice();
    const [E, P] = [this.#shape.embedding, weightCount(this.#shape.target)];
    this.#embeddings.length = 0;
    for (let j = 0; j <= this.#task; j++) this.#embeddings.push(read(`embeddings.${j}`, E));
    this.#targets = Array.from({ length: numbers.targets }, (_, j) => read(`targets.${j}`, P));
    if (this.#task >= 0) await this.#prepare();
  }

  async release(): Promise<void> {
    await this.#trainer.release();
  }

  #prepare(): Promise<void> {
    const embeddings = this.#embeddings.slice(0, this.#task);
    return this.#trainer.prepare({ embeddings, targets: this.#targets, regularized: this.#regularized });
  }

  get #regularized(): number {
    const { regularizedTasks } = this.#options;
    return regularizedTasks === "all" ? this.#task : Math.min(regularizedTasks, this.#task);
  }

  #adamScalars(sizes: StepSizes, iterations: number): Float32Array {
    const out = alignedArray(2 * iterations);
    fillAdamScalars(out, sizes, this.#steps + 1);
    return out;
  }

  /** Earlier tasks to regularise `[iterations, R]`: in each minibatch all, or R different ones. */
  #picks(iterations: number, rng: Rng): Int32Array {
    const [R, tasks] = [this.#regularized, this.#task];
    const picks = new Int32Array(iterations * R);
    const left = new Int32Array(tasks);
    for (let i = 0; i < picks.length; i++) {
      const drawn = i % R;
      if (drawn === 0) for (let j = 0; j < tasks; j++) left[j] = j;
      const at = R === tasks ? drawn : drawn + rng.integer(tasks - drawn);
      picks[i] = left[at];
      left[at] = left[drawn];
    }
    return picks;
  }
}

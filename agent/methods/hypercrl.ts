import { elementAt } from "../../sim/core/element.js";
import type { Rng } from "../../sim/core/rng.js";
import type { Learner, LearnerOptions, LearnerState, TrainingReport } from "../learner.js";
import type { EmbeddingStartName } from "../model/embedding-starts.js";
import { generatedCount, type HypernetworkShape } from "../model/hypernetwork.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import type { TrainingData } from "../model/replay-buffer.js";
import {
  arraysByName,
  readRows,
  savedArray,
  savedNumber,
  savedRows,
  savedRowsOf,
} from "../model/saved-arrays.js";
import type { Settings } from "../settings/schema.js";
import { drawBase } from "../training/base.js";
import {
  createRegularizedTrainer,
  type RegularizedTrainerChoice,
} from "../training/create-regularized-trainer.js";
import { startEmbeddings } from "../training/embedding-start.js";
import { Materializer } from "../training/materializer.js";
import { drawEmbeddings, generateMembers, memberNetwork } from "../training/members.js";
import { drawRows } from "../training/minibatches.js";
import type { TaskTransitions } from "../training/network-losses.js";
import { drawPicks, type RegularizedTrainer } from "../training/regularized-trainer.js";
import { initializeTheta } from "../training/theta.js";
import { checkOutput } from "./check-output.js";
import { hyperCrlSize } from "./hypercrl-size.js";
import type { Method } from "./method.js";

/** HyperCRL as published; see `HyperCrlLearner`. */
export const hypercrl: Method = {
  name: "hypercrl",
  summary: "a hypernetwork generates each task's weights and is held to those of earlier tasks",
  checkSettings: (settings) => checkOutput(settings),
  sharesBase: ({ hypernetwork: { init, output } }) => init === "base" || output === "low-rank",
  trainsWithKernel: true,
  revisits: true,
  ownMembers: true,
  size: (dynamics, settings) =>
    hyperCrlSize({ ...settings.hypernetwork, target: dynamics }, settings, {
      members: settings.dynamics.members,
    }),
  create: (options, settings) => new HyperCrlLearner({ ...options, ...hyperCrlOptions(settings) }),
};

/** What a learner of this kind takes from the settings. */
export function hyperCrlOptions({ hypernetwork, mlp, training }: Settings) {
  return {
    hypernetwork,
    stepSizes: hypernetwork,
    embeddingStepSizes: {
      learningRate: hypernetwork.embeddingLearningRate,
      endFactor: hypernetwork.endFactor,
    },
    baseStepSizes: mlp,
    beta: hypernetwork.beta,
    regularizedTasks: hypernetwork.regularizedTasks,
    engine: training.engine,
    start: hypernetwork.start,
  };
}

/** How a learner of this kind is made. */
export interface HyperCrlOptions extends LearnerOptions, Omit<RegularizedTrainerChoice, "shape" | "members"> {
  readonly hypernetwork: Omit<HypernetworkShape, "target">;
  /** Earlier tasks in the regulariser at each minibatch: all, or this many drawn uniformly. */
  readonly regularizedTasks: "all" | number;
  /** What the embedding of a new task starts as; default `random`. */
  readonly start?: EmbeddingStartName;
}

/**
 * HyperCRL (Huang et al. 2021, arXiv 2009.11997): a hypernetwork generates the dynamics weights of each task from
 * its embedding; while a new task is learned, what it generates for earlier tasks is held to frozen targets
 * `W*_j`. No data of earlier tasks is kept: Θ, one embedding and one target per task are all.
 *
 * Where `hypernetwork.output` says so, h generates factors of the weights in place of the weights; see `OutputForm`.
 *
 * A task that is learned again goes on from its embedding. Its target from before does not hold Θ in the meantime; like those of all
 * tasks it is made anew when the next one begins.
 *
 * Where `hypernetwork.start` says so, the embedding of a new task starts from learned ones, as soon as there are data of it to choose by: in
 * the first call of `train`; see `startEmbeddings`.
 *
 * An ensemble of n is one Θ with n embeddings for each task, in place of n hypernetworks: a minibatch passes over Θ as often as that of
 * one network. How the members are learned and held is described at `RegularizedTrainer`.
 */
export class HyperCrlLearner implements Learner {
  readonly #options: HyperCrlOptions;
  readonly #shape: HypernetworkShape;
  /** G */
  readonly #members: number;
  readonly #trainer: RegularizedTrainer;
  readonly #materializer: Materializer;
  readonly #rng: Rng;
  /** Of each task begun, `[G, E]`. */
  #embeddings: Float32Array[] = [];
  /** Of each task begun but the current one, `[G, Q]`, by task. */
  readonly #targets = new Map<number, Float32Array>();
  #task = -1;
  /** Whether the current task is new and has seen no data yet, where its embedding starts from learned ones. */
  #unstarted = false;

  constructor(options: HyperCrlOptions) {
    this.#options = options;
    this.#shape = { ...options.hypernetwork, target: options.dynamics };
    this.#members = options.members ?? 1;
    this.#trainer = createRegularizedTrainer({ ...options, shape: this.#shape, members: this.#members });
    this.#materializer = new Materializer(this.#shape, this.#members);
    this.#rng = options.rng;
  }

  async beginTask(index: number): Promise<void> {
    const isNew = this.#embeddings[index] === undefined;
    const e =
      this.#embeddings[index] ?? drawEmbeddings(this.#shape, this.#members, this.#rng.split(`task${index}`));
    if (this.#embeddings.length === 0) {
      const first = e.subarray(0, this.#shape.embedding);
      const { theta, base } = this.#trainer;
      await initializeTheta(theta, this.#shape, first, this.#rng.split("initial-weights"));
      if (base !== undefined) drawBase(base, this.#shape, this.#rng.split("base"));
    }
    this.#targets.clear();
    for (const j of this.#embeddings.keys()) if (j !== index) this.#targets.set(j, await this.#generate(j));
    this.#task = index;
    this.#trainer.newTask(e);
    this.#embeddings[index] = e;
    this.#unstarted = isNew && this.#targets.size > 0 && this.#startsLearned;
    await this.#prepare();
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    if (this.#unstarted) await this.#start({ data, normalizer, task: this.#task }, rng.split("start"));
    const rows = drawRows(data, iterations * this.#members * this.#options.batchSize, rng);
    const picks = drawPicks(this.#targets.size, this.#regularized, iterations, rng);
    const call = { data, normalizer, iterations, rows, task: this.#task, picks };
    const report = await this.#trainer.train(call);
    this.#embeddings[this.#task] = this.#trainer.embedding();
    return report;
  }

  /** Nothing: no data outlive their task, and targets are frozen when the next one begins. */
  async endTask(): Promise<void> {}

  async weights(index: number, member?: number): Promise<Float32Array> {
    const base = this.#trainer.base?.values(0);
    const weights = await this.#materializer.weights(await this.#generate(index), base);
    return memberNetwork(this.#shape, weights, member);
  }

  state(): LearnerState {
    return {
      arrays: {
        ...arraysByName(this.#trainer.entries()),
        ...savedRows("embeddings", this.#embeddings),
        ...savedRowsOf("targets", this.#targets),
      },
      numbers: {
        task: this.#task,
        steps: this.#trainer.steps,
        targets: this.#targets.size,
        ...(this.#startsLearned && { unstarted: this.#unstarted ? 1 : 0 }),
      },
    };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    const { embedding } = this.#shape;
    this.#trainer.restore(arrays);
    this.#task = savedNumber(numbers, "task");
    this.#unstarted = this.#startsLearned && savedNumber(numbers, "unstarted") === 1;
    // Of all tasks begun but the current one there is a target.
    const begun = this.#task < 0 ? 0 : savedNumber(numbers, "targets") + 1;
    this.#embeddings = readRows(arrays, "embeddings", begun, this.#members * embedding);
    const size = this.#members * generatedCount(this.#shape);
    this.#targets.clear();
    for (const j of this.#embeddings.keys())
      if (j !== this.#task) this.#targets.set(j, savedArray(arrays, `targets.${j}`, size).slice());
    if (this.#task < 0) return;
    await this.#prepare();
    this.#trainer.steps = savedNumber(numbers, "steps");
  }

  async release(): Promise<void> {
    await this.#trainer.release();
    await this.#materializer.release();
  }

  /** Sets the embeddings of a new task by its first transitions. */
  async #start(transitions: TaskTransitions, rng: Rng): Promise<void> {
    const { start = "random" } = this.#options;
    if (start === "random") return;
    const learned = [...this.#targets].map(([j, generated]) => ({
      embeddings: elementAt(this.#embeddings, j, "embeddings of tasks"),
      generated,
    }));
    const shape = this.#shape;
    const from = { ...this.#options, start, shape, members: this.#members, trainer: this.#trainer, learned };
    this.#trainer.newTask(await startEmbeddings(from, transitions, rng));
    this.#unstarted = false;
  }

  /** What is generated for all members of a task, `[G, Q]`. */
  #generate(index: number): Promise<Float32Array> {
    const embeddings = elementAt(this.#embeddings, index, "embeddings of tasks");
    return generateMembers(this.#trainer.theta, this.#shape, embeddings);
  }

  #prepare(): Promise<void> {
    const embeddings = this.#embeddings.filter((_, j) => j !== this.#task);
    const targets = [...this.#targets.values()];
    return this.#trainer.prepare({ embeddings, targets, regularized: this.#regularized });
  }

  /** Whether embeddings of new tasks start from learned ones. */
  get #startsLearned(): boolean {
    const { start = "random" } = this.#options;
    return start !== "random";
  }

  get #regularized(): number {
    const { regularizedTasks } = this.#options;
    const others = this.#targets.size;
    return regularizedTasks === "all" ? others : Math.min(regularizedTasks, others);
  }
}

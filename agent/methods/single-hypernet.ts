import { elementAt } from "../../sim/core/element.js";
import type { Rng } from "../../sim/core/rng.js";
import type { Learner, LearnerState, TrainingReport } from "../learner.js";
import type { HypernetworkShape } from "../model/hypernetwork.js";
import { type MlpShape, weightCount } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { arraysByName, readRows, savedNumber, savedRows } from "../model/saved-arrays.js";
import type { Settings } from "../settings/schema.js";
import { drawBase } from "../training/base.js";
import { createRegularizedTrainer } from "../training/create-regularized-trainer.js";
import { Materializer } from "../training/materializer.js";
import { drawEmbeddings, generateMembers, memberNetwork } from "../training/members.js";
import { drawRows } from "../training/minibatches.js";
import type { EarlierTasks, RegularizedTrainer } from "../training/regularized-trainer.js";
import { initializeTheta } from "../training/theta.js";
import { checkOutput } from "./check-output.js";
import { checkDrawnStart } from "./check-start.js";
import { type HyperCrlOptions, hyperCrlOptions } from "./hypercrl.js";
import { hyperCrlSize } from "./hypercrl-size.js";
import type { LearnerSize, Method } from "./method.js";

/** A hypernetwork of its own for every task; see `SingleHypernetLearner`. */
export const singleHypernet: Method = {
  name: "single-hypernet",
  summary: "every task gets a hypernetwork of its own, trained from scratch",
  checkSettings: (settings) => {
    checkOutput(settings);
    checkDrawnStart(settings);
  },
  trainsWithKernel: true,
  ownMembers: true,
  size: singleHypernetSize,
  create: (options, settings) => new SingleHypernetLearner({ ...options, ...hyperCrlOptions(settings) }),
};

/** Each hypernetwork is HyperCRL's with one task; of every task the generated weights are kept. */
function singleHypernetSize(dynamics: MlpShape, settings: Settings): LearnerSize {
  const { members } = settings.dynamics;
  const shape = { ...settings.hypernetwork, target: dynamics };
  const one = hyperCrlSize(shape, { ...settings, tasks: 1 }, { members });
  return { ...one, kept: one.kept + settings.tasks * members * weightCount(dynamics) };
}

/** What a hypernetwork of one task alone is held to. */
const NOTHING_EARLIER: EarlierTasks = { embeddings: [], targets: [], regularized: 0 };

/**
 * `single` with hypernetworks: every task is learned from scratch, and its dynamics weights come from a hypernetwork and
 * an embedding of its own, both drawn anew when it begins. It trains as HyperCRL trains its first task; with the same seed
 * both learn that task bit by bit alike. Like HyperCRL it trains many more parameters than `single`, but its tasks share
 * none of them: HyperCRL's later tasks start from what earlier ones left, and its regulariser holds that.
 *
 * Nothing can be forgotten: of a task that has ended the generated weights are kept, which is all that planning needs.
 * Its Θ, embedding and optimiser are no longer part of the saved state, for no later task starts from them; so the task cannot be
 * learned again. An ensemble has several embeddings for each task's Θ, as HyperCRL's has.
 */
class SingleHypernetLearner implements Learner {
  readonly #batchSize: number;
  readonly #shape: HypernetworkShape;
  /** G */
  readonly #members: number;
  readonly #trainer: RegularizedTrainer;
  readonly #materializer: Materializer;
  readonly #rng: Rng;
  /** Weights `[G, P]` of each task begun so far, as last generated. */
  #weights: Float32Array[] = [];
  #task = -1;
  /** Whether the current task has begun and not ended: then its hypernetwork is needed. */
  #learning = false;

  constructor(options: HyperCrlOptions) {
    this.#batchSize = options.batchSize;
    this.#shape = { ...options.hypernetwork, target: options.dynamics };
    this.#members = options.members ?? 1;
    this.#trainer = createRegularizedTrainer({ ...options, shape: this.#shape, members: this.#members });
    this.#materializer = new Materializer(this.#shape, this.#members);
    this.#rng = options.rng;
  }

  async beginTask(index: number): Promise<void> {
    const { theta, base } = this.#trainer;
    const e = drawEmbeddings(this.#shape, this.#members, this.#rng.split(`task${index}`));
    // The first task's stream has the name that HyperCRL gives it.
    const random = this.#rng.split(index === 0 ? "initial-weights" : `initial-weights${index}`);
    await initializeTheta(theta, this.#shape, e.subarray(0, this.#shape.embedding), random);
    if (base !== undefined)
      drawBase(base, this.#shape, this.#rng.split(index === 0 ? "base" : `base${index}`));
    this.#trainer.newTask(e);
    await this.#trainer.prepare(NOTHING_EARLIER);
    this.#task = index;
    this.#learning = true;
    this.#weights.push(await this.#generate(e));
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const rows = drawRows(data, iterations * this.#members * this.#batchSize, rng);
    const call = { data, normalizer, iterations, rows, task: this.#task, picks: new Int32Array(0) };
    const report = await this.#trainer.train(call);
    this.#weights[this.#task] = await this.#generate(this.#trainer.embedding());
    return report;
  }

  /** The hypernetwork is no longer part of the saved state: what it generates is kept since it was last trained. */
  async endTask(): Promise<void> {
    this.#learning = false;
  }

  async weights(index: number, member?: number): Promise<Float32Array> {
    return memberNetwork(this.#shape, elementAt(this.#weights, index, "weights of tasks").slice(), member);
  }

  state(): LearnerState {
    return {
      arrays: {
        ...(this.#learning && arraysByName(this.#trainer.entries())),
        ...savedRows("weights", this.#weights),
      },
      numbers: { task: this.#task, learning: Number(this.#learning), steps: this.#trainer.steps },
    };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    this.#task = savedNumber(numbers, "task");
    this.#learning = savedNumber(numbers, "learning") === 1;
    const size = this.#members * weightCount(this.#shape.target);
    this.#weights = readRows(arrays, "weights", this.#task + 1, size);
    if (this.#learning) {
      this.#trainer.restore(arrays);
      await this.#trainer.prepare(NOTHING_EARLIER);
    }
    this.#trainer.steps = savedNumber(numbers, "steps");
  }

  async release(): Promise<void> {
    await this.#trainer.release();
    await this.#materializer.release();
  }

  /** The weights `[G, P]` of the members with these embeddings `[G, E]`. */
  async #generate(embeddings: Float32Array): Promise<Float32Array> {
    const { theta, base } = this.#trainer;
    const generated = await generateMembers(theta, this.#shape, embeddings);
    return this.#materializer.weights(generated, base?.values(0));
  }
}

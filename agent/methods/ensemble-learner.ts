import { elementAt } from "../../sim/core/element.js";
import { meanOf } from "../../sim/core/mean.js";
import type { Rng } from "../../sim/core/rng.js";
import type { Learner, LearnerState, TrainingReport } from "../learner.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import type { TrainingData } from "../model/replay-buffer.js";

const prefixOf = (member: number) => `members.${member}.`;

/** Those entries whose name begins with a prefix, without it. */
function withoutPrefix<T>(entries: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  const own = Object.entries(entries).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** The same entries with a prefix before each name. */
function withPrefix<T>(entries: Readonly<Record<string, T>>, prefix: string): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [prefix + name, value]));
}

/**
 * An ensemble of a method's learners, each from initial weights of its own and with its own minibatches of the same data, trained one
 * after the other. Its weights for a task are those of one network that predicts the mean of the members, see `ensembleShape`; its state
 * is theirs, with `members.N.` before every name.
 */
export class EnsembleLearner implements Learner {
  readonly #members: readonly Learner[];
  readonly #join: (weights: readonly Float32Array[], task: number) => Float32Array;

  /**
   * @param members n of them, which are released with this one
   * @param join the weights of all members for a task, checked and as one network
   */
  constructor(
    members: readonly Learner[],
    join: (weights: readonly Float32Array[], task: number) => Float32Array,
  ) {
    this.#members = members;
    this.#join = join;
  }

  async beginTask(index: number): Promise<void> {
    for (const member of this.#members) await member.beginTask(index);
  }

  /** The reported losses are the means over the members. */
  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const reports: TrainingReport[] = [];
    for (const [m, member] of this.#members.entries()) {
      reports.push(await member.train(data, normalizer, iterations, rng.split(`member${m}`)));
    }
    return {
      taskLoss: meanOf(reports.map(({ taskLoss }) => taskLoss)),
      regularizer: meanOf(reports.map(({ regularizer }) => regularizer)),
    };
  }

  async endTask(data: TrainingData, normalizer: NormalizerArrays, rng: Rng): Promise<void> {
    for (const [m, member] of this.#members.entries()) {
      await member.endTask(data, normalizer, rng.split(`member${m}`));
    }
  }

  async weights(index: number, member?: number): Promise<Float32Array> {
    if (member !== undefined) return elementAt(this.#members, member, "members").weights(index);
    const weights: Float32Array[] = [];
    // A copy, as a learner may use the same array again.
    for (const member of this.#members) weights.push((await member.weights(index)).slice());
    return this.#join(weights, index);
  }

  async state(): Promise<LearnerState> {
    const states: LearnerState[] = [];
    for (const member of this.#members) states.push(await member.state());
    return {
      arrays: Object.assign({}, ...states.map(({ arrays }, m) => withPrefix(arrays, prefixOf(m)))),
      numbers: Object.assign({}, ...states.map(({ numbers }, m) => withPrefix(numbers, prefixOf(m)))),
    };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    for (const [m, member] of this.#members.entries()) {
      const prefix = prefixOf(m);
      await member.restore({
        arrays: withoutPrefix(arrays, prefix),
        numbers: withoutPrefix(numbers, prefix),
      });
    }
  }

  async release(): Promise<void> {
    for (const member of this.#members) await member.release();
  }
}

import { UsageError } from "./core/errors.js";
import type { Ops } from "./core/ops.js";
import type { Channel } from "./task.js";

/**
 * Neighbouring channels of an observation or an action, found by their names once, so that rewards and landmarks need
 * not count positions.
 * @example
 * const tipOffset = new ChannelSpan(spec.observation, "tipMinusGoalX", "tipMinusGoalY");
 * tipOffset.slice(ops, nextObservation); // in a reward
 */
export class ChannelSpan {
  /** Index of the first channel. */
  readonly start: number;
  /** Index after the last channel. */
  readonly end: number;

  /**
   * The channels from `first` to `last`.
   * @throws UsageError when a name is unknown, or `last` comes before `first`
   */
  constructor(channels: readonly Channel[], first: string, last = first) {
    this.start = indexOf(channels, first);
    this.end = indexOf(channels, last) + 1;
    if (this.end > this.start) return;
    throw new UsageError({
      what: "A span of channels must begin with the first of them",
      got: `${first} … ${last}`,
      expected: `${last} … ${first}`,
      todo: "Give the names in the order of the channels",
    });
  }

  /** These channels of vectors `[..., X]` in a reward: `[..., end - start]`. */
  slice<T>(ops: Ops<T>, vectors: T): T {
    return ops.slice(vectors, this.start, this.end);
  }

  /** These channels' numbers in a vector `[X]`: `[end - start]`. */
  read(vector: ArrayLike<number>): number[] {
    return Array.from(vector).slice(this.start, this.end);
  }

  /** The number of the first of these channels in a vector `[X]`. @throws RangeError when the vector is too short */
  value(vector: ArrayLike<number>): number {
    const value = vector[this.start];
    if (value === undefined) throw new RangeError(`No channel ${this.start} among ${vector.length}.`);
    return value;
  }
}

function indexOf(channels: readonly Channel[], name: string): number {
  const index = channels.findIndex((channel) => channel.name === name);
  if (index >= 0) return index;
  throw new UsageError({
    what: "There is no such channel",
    got: `"${name}"`,
    expected: channels.map((channel) => channel.name).join(", "),
    todo: "Take a name of the task's spec; `hypercrl tasks` lists them",
  });
}

import type { Rng } from "../../sim/core/rng.js";
import type { Graph, Tensor } from "../graph/graph.js";
import type { Feeds } from "../graph/session.js";
import { inputSize, type MlpShape, targetSize } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import type { ParameterGroup, ParameterSpec } from "../model/parameters.js";
import type { TrainingData } from "../model/replay-buffer.js";
import type { SavedArray, SavedArrays } from "../model/saved-arrays.js";
import { bodyParts, networkParameters } from "../training/network-parts.js";
import { StoredData, storedInputs, storedMinibatch } from "../training/stored-data.js";

/** Transitions of a minibatch, normalised: x `[R, I]` and y `[R, X]`, task after task. */
export interface Rehearsed {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Where the transitions of earlier tasks come from that a network rehearses. */
export interface RehearsalMemory {
  /** Tasks that it has transitions of: 0 … tasks - 1. */
  readonly tasks: number;
  /** Transitions of each of them in a minibatch, `[tasks]`. */
  readonly rows: readonly number[];
  /** Declares what `feeds` gives, and returns what makes the transitions of a minibatch, whose number is an int64 scalar. */
  declare(g: Graph): (iteration: Tensor) => Rehearsed;
  /** What the minibatches of a session need. Everything random in it is drawn here. */
  feeds(iterations: number, rng: Rng): Feeds;
  /**
   * Takes in a task that ends, for the first time or again.
   * @param network body and heads of all tasks as they are now
   * @throws RunError when it learns and a loss is not finite
   */
  keep(
    task: number,
    data: TrainingData,
    normalizer: NormalizerArrays,
    network: ParameterGroup,
    rng: Rng,
  ): Promise<void>;
  /** Arrays for a checkpoint. */
  arrays(): Readonly<Record<string, SavedArray>>;
  /** Continues from saved arrays. @throws InputError when they are not those of so many tasks */
  restore(arrays: SavedArrays, tasks: number): void;
}

/** Parameters of a body and of so many heads. @param names of the body's parameters and, before the task's number, of the heads' */
export function headedParameters(
  dynamics: MlpShape,
  tasks: number,
  names: { readonly body: string; readonly heads: string },
): ParameterSpec[] {
  const specs = networkParameters(dynamics);
  const shared = bodyParts(dynamics);
  const body = specs.slice(0, shared).map((s) => ({ ...s, name: `${names.body}.${s.name}` }));
  const heads = Array.from({ length: tasks }, (_, j) =>
    specs.slice(shared).map((s) => ({ ...s, name: `${names.heads}.${j}.${s.name}` })),
  );
  return [...body, ...heads.flat()];
}

/** Transitions that were stored: all of every task, or so many of each, with as many of each in a minibatch as of the current one. */
export class StoredMemory implements RehearsalMemory {
  readonly #dynamics: MlpShape;
  readonly #batchSize: number;
  readonly #count: "all" | number;
  readonly #stored: StoredData;

  /** @param count transitions kept of each task when it ends: all that its replay buffer holds, or this many */
  constructor(dynamics: MlpShape, batchSize: number, count: "all" | number) {
    this.#dynamics = dynamics;
    this.#batchSize = batchSize;
    this.#count = count;
    this.#stored = new StoredData(inputSize(dynamics), targetSize(dynamics));
  }

  get tasks(): number {
    return this.#stored.tasks;
  }

  get rows(): readonly number[] {
    return new Array<number>(this.tasks).fill(this.#batchSize);
  }

  declare(g: Graph): (iteration: Tensor) => Rehearsed {
    const stored = storedInputs(g, this.#dynamics, this.tasks, this.#batchSize);
    return (iteration) => storedMinibatch(stored, iteration);
  }

  feeds(iterations: number, rng: Rng): Feeds {
    return this.#stored.feeds(iterations, this.#batchSize, rng);
  }

  async keep(
    task: number,
    data: TrainingData,
    normalizer: NormalizerArrays,
    _network: ParameterGroup,
    rng: Rng,
  ): Promise<void> {
    this.#stored.keep(task, data, normalizer, this.#count, rng);
  }

  arrays(): Readonly<Record<string, SavedArray>> {
    return this.#stored.arrays();
  }

  restore(arrays: SavedArrays, tasks: number): void {
    this.#stored.restore(arrays, tasks);
  }
}

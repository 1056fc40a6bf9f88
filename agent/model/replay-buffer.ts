import type { TaskSpec } from "../../sim/task.js";
import { alignedArrays } from "../graph/session.js";
import { encodeInput, featureCount } from "./features.js";
import { StateSpec } from "./model-state.js";
import { type ChangeKinds, changeKinds, encodeChange } from "./state-change.js";

/** Transitions as a training session reads them. */
export interface TrainingData {
  /** Transitions there is room for. */
  readonly capacity: number;
  /** Transitions available for training. */
  readonly size: number;
  /** Transitions ever added: number k, 0-based, is in row k % capacity, unless it was overwritten. */
  readonly added: number;
  readonly inputSize: number;
  readonly targetSize: number;
  /** `[capacity, I]` */
  readonly inputs: Float32Array;
  /** `[capacity, X]` */
  readonly targets: Float32Array;
}

/**
 * Transitions of the current task only, in a ring: once `capacity` are stored the oldest is overwritten, so memory
 * is flat however long the task. Kept as the model's own inputs `[φ(s), u]` and targets (see
 * `encodeChange`).
 */
export class ReplayBuffer implements TrainingData {
  readonly capacity: number;
  readonly inputs: Float32Array;
  readonly targets: Float32Array;
  readonly inputSize: number;
  readonly targetSize: number;
  readonly #states: StateSpec;
  readonly #kinds: ChangeKinds;
  #added = 0;

  /** @param history past changes that the model sees of each moving quantity, see `StateSpec` */
  constructor(spec: TaskSpec, capacity: number, history = 0) {
    this.#states = new StateSpec(spec, history);
    this.#kinds = changeKinds(spec);
    this.capacity = capacity;
    this.inputSize = featureCount(this.#states.spec) + spec.action.length;
    this.targetSize = spec.observation.length;
    [this.inputs, this.targets] = alignedArrays([capacity * this.inputSize, capacity * this.targetSize]);
  }

  get size(): number {
    return Math.min(this.#added, this.capacity);
  }

  get added(): number {
    return this.#added;
  }

  /** Stores a transition from a state `[S]` to an observation `[X]`; returns views of its input and target. */
  add(
    state: Float32Array,
    action: ArrayLike<number>,
    next: Float32Array,
  ): { input: Float32Array; target: Float32Array } {
    const row = this.#added % this.capacity;
    const input = this.inputs.subarray(row * this.inputSize, (row + 1) * this.inputSize);
    const target = this.targets.subarray(row * this.targetSize, (row + 1) * this.targetSize);
    encodeInput(this.#states.spec, state, action, input);
    encodeChange(this.#kinds, state, next, target);
    this.#added++;
    return { input, target };
  }

  /** Stores a transition that is encoded already: its input `[I]` and its target `[X]`. */
  addEncoded(input: Float32Array, target: Float32Array): void {
    const row = this.#added % this.capacity;
    this.inputs.set(input, row * this.inputSize);
    this.targets.set(target, row * this.targetSize);
    this.#added++;
  }

  /** The last `count` transitions as rows `[count, I + X]` of input and target, the oldest first. */
  lastRows(count: number): Float32Array {
    const { inputSize, targetSize, capacity } = this;
    const width = inputSize + targetSize;
    const rows = new Float32Array(count * width);
    for (let k = 0; k < count; k++) {
      const row = (this.#added - count + k) % capacity;
      rows.set(this.inputs.subarray(row * inputSize, (row + 1) * inputSize), k * width);
      rows.set(this.targets.subarray(row * targetSize, (row + 1) * targetSize), k * width + inputSize);
    }
    return rows;
  }

  /** Continues with rows `[N, I + X]` as `lastRows` gives them, before which `added` transitions were added. */
  restoreRows(rows: Float32Array, added: number): void {
    const { inputSize, targetSize, capacity } = this;
    const width = inputSize + targetSize;
    this.#added = added;
    for (let at = 0; at < rows.length; at += width, this.#added++) {
      const row = this.#added % capacity;
      this.inputs.set(rows.subarray(at, at + inputSize), row * inputSize);
      this.targets.set(rows.subarray(at + inputSize, at + width), row * targetSize);
    }
  }

  /** Continues from saved rows `[size, I]` and `[size, X]` and the number ever added. */
  restore(inputs: Float32Array, targets: Float32Array, added: number): void {
    this.inputs.set(inputs);
    this.targets.set(targets);
    this.#added = added;
  }
}

import type { TaskSpec } from "../../sim/task.js";
import { alignedArrays } from "../graph/session.js";
import { encodeInput } from "../model/features.js";
import { StateSpec } from "../model/model-state.js";
import { Normalizer } from "../model/normalizer.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { policyShape } from "./policy-network.js";

/** States of one task with the actions that a planner chose in them, as a training session reads them. */
export class LabelledStates implements TrainingData {
  readonly capacity: number;
  readonly inputSize: number;
  readonly targetSize: number;
  /** Features of the states, `[capacity, I]` */
  readonly inputs: Float32Array;
  /** Actions, `[capacity, U]` */
  readonly targets: Float32Array;
  readonly normalizer: Normalizer;
  readonly #states: TaskSpec;
  #size = 0;

  /**
   * @param capacity how many there will be
   * @param history as in `StateSpec`
   */
  constructor(spec: TaskSpec, history: number, capacity: number) {
    const { sizes } = policyShape(spec, history);
    this.capacity = capacity;
    this.inputSize = sizes[0]!;
    this.targetSize = spec.action.length;
    this.#states = new StateSpec(spec, history).spec;
    [this.inputs, this.targets] = alignedArrays([capacity * this.inputSize, capacity * this.targetSize]);
    this.normalizer = new Normalizer(this.inputSize, this.targetSize, true);
  }

  get size(): number {
    return this.#size;
  }

  get added(): number {
    return this.#size;
  }

  /** Adds a state `[S]` with its action `[U]`. @throws RangeError when there is no room */
  add(state: Float32Array, action: Float32Array): void {
    if (this.#size === this.capacity) throw new RangeError(`There is room for ${this.capacity} states only.`);
    const { inputSize, targetSize } = this;
    const input = this.inputs.subarray(this.#size * inputSize, (this.#size + 1) * inputSize);
    encodeInput(this.#states, state, [], input);
    this.targets.set(action, this.#size * targetSize);
    this.normalizer.add(input, action);
    this.#size++;
  }
}

import { rowsOf } from "../../sim/core/rows.js";
import { encodeInput, encodeInputBackward } from "../model/features.js";
import type { StateSpec } from "../model/model-state.js";
import { inputSize, type MlpShape } from "../model/network.js";
import { type ChangeKinds, changeKinds, decodeChange, decodeChangeBackward } from "../model/state-change.js";
import { NetworkKernel, type PassSizes } from "./network-kernel.js";

/** Views of the rows of an array, one after the other. */
type Rows = readonly Float32Array[];

/** N states or observations, or derivatives with respect to them; the observations are the beginnings of the states. */
interface StateRows {
  /** `[S]` each. */
  readonly states: Rows;
  /** `[X]` each. */
  readonly observations: Rows;
}

/** Rolls N action sequences out H steps through a dynamics network, and takes derivatives back through the same steps. */
export class RolloutPasses {
  /** Derivatives with respect to the actions, `[H, N, U]`, as of the last backward pass. */
  readonly gradient: Float32Array;
  readonly #states: StateSpec;
  readonly #kinds: ChangeKinds;
  readonly #kernel: NetworkKernel;
  /** N */
  readonly #rows: number;
  /** `[H, N, U]` */
  readonly #actions: Float32Array;
  /** Of all H·N transitions in turn, the N of the first step before those of the second; `[U]` each. */
  readonly #actionRows: Rows;
  readonly #actionSlopes: Rows;
  /** The first states and those after each step. */
  readonly #stateRows: StateRows;
  /** What the network reads for all transitions, `[I]` each. */
  readonly #inputRows: Rows;
  /** What it predicts for them, `[X]` each. */
  readonly #changeRows: Rows;
  /** Derivatives with respect to both, of one step. */
  readonly #inputSlopes: Rows;
  readonly #changeSlopes: Rows;
  /** Derivatives with respect to the states before a step and after it, which take turns. */
  readonly #stateSlopes: readonly [StateRows, StateRows];
  #offset: Float32Array | undefined;

  /** @param network of the mean */
  constructor(states: StateSpec, network: MlpShape, sizes: PassSizes) {
    const { rows, steps } = sizes;
    const [X, U, I] = [states.observationSize, states.taskSpec.action.length, inputSize(network)];
    this.#states = states;
    this.#kinds = changeKinds(states.taskSpec);
    this.#rows = rows;
    this.#kernel = new NetworkKernel(network, sizes);
    this.#actions = new Float32Array(steps * rows * U);
    this.#actionRows = rowsOf(this.#actions, U);
    this.gradient = new Float32Array(this.#actions.length);
    this.#actionSlopes = rowsOf(this.gradient, U);
    this.#stateRows = stateRows(states, (steps + 1) * rows);
    const { inputs, inputStride, inputSlopes, outputs, outputStride, outputSlopes } = this.#kernel;
    this.#inputRows = rowsOf(inputs, inputStride, I);
    this.#changeRows = rowsOf(outputs, outputStride, X);
    this.#inputSlopes = rowsOf(inputSlopes, inputStride, I);
    this.#changeSlopes = rowsOf(outputSlopes, outputStride, X);
    this.#stateSlopes = [stateRows(states, rows), stateRows(states, rows)];
  }

  /**
   * Takes the network, as a copy.
   * @param layers weights `[out, in]` and biases `[out]` of its layers in turn, then its `inputOffset [I]` if it has one
   */
  load(layers: readonly Float32Array[]): void {
    this.#kernel.load(layers);
    this.#offset = layers[2 * this.#kernel.layers]?.slice();
  }

  /**
   * Rolls actions `[H, N, U]` out from a state `[S]`.
   * @param transitions where the transitions are written, as `TransitionSlopes` takes them
   */
  forward(state: Float32Array, actions: Float32Array, transitions: Float32Array): void {
    const N = this.#rows;
    const { states, observations } = this.#stateRows;
    this.#actions.set(actions);
    for (let n = 0; n < N; n++) states[n]!.set(state);
    for (let first = 0; first < this.#actionRows.length; first += N) {
      for (let k = first; k < first + N; k++) this.#encode(k);
      this.#kernel.forward(first / N);
      for (let k = first; k < first + N; k++) {
        decodeChange(this.#kinds, observations[k]!, this.#changeRows[k]!, observations[k + N]!);
        this.#states.addChanges(states[k]!, states[k + N]!);
        this.#writeTransition(k, transitions);
      }
    }
  }

  /**
   * Takes derivatives with respect to the transitions that `forward` wrote last, as `TransitionSlopes` gives them, back to its
   * actions.
   */
  backward(slopes: Float32Array): void {
    const N = this.#rows;
    let [before, after] = this.#stateSlopes;
    this.gradient.fill(0);
    for (const state of after.states) state.fill(0);
    for (let first = this.#actionRows.length - N; first >= 0; first -= N) {
      for (let n = 0; n < N; n++) this.#decodeBackward(first + n, slopes, before, after);
      this.#kernel.backward(first / N);
      for (let n = 0; n < N; n++) this.#encodeBackward(first + n, slopes, before);
      [before, after] = [after, before];
    }
  }

  #encode(k: number): void {
    const input = this.#inputRows[k]!;
    encodeInput(this.#states.spec, this.#stateRows.states[k]!, this.#actionRows[k]!, input);
    const offset = this.#offset;
    if (offset === undefined) return;
    for (let i = 0; i < input.length; i++) input[i]! -= offset[i]!;
  }

  #writeTransition(k: number, transitions: Float32Array): void {
    const { observations } = this.#stateRows;
    const [X, U, stride] = [
      this.#states.observationSize,
      this.#actionRows[k]!.length,
      this.#actionRows.length,
    ];
    writeColumn(transitions, k, observations[k]!, stride);
    writeColumn(transitions, k + X * stride, this.#actionRows[k]!, stride);
    writeColumn(transitions, k + (X + U) * stride, observations[k + this.#rows]!, stride);
  }

  /**
   * From the derivatives with respect to the state after transition k: those with respect to the predicted change, and those with
   * respect to the state before as far as it acts past the network.
   */
  #decodeBackward(k: number, slopes: Float32Array, before: StateRows, after: StateRows): void {
    const n = k % this.#rows;
    const [X, U, stride] = [
      this.#states.observationSize,
      this.#actionRows[k]!.length,
      this.#actionRows.length,
    ];
    addColumn(slopes, k + (X + U) * stride, after.observations[n]!, stride);
    this.#states.addChangesBackward(before.states[n]!, after.states[n]!);
    decodeChangeBackward(
      this.#kinds,
      { before: this.#stateRows.observations[k]!, change: this.#changeRows[k]! },
      { before: before.observations[n]!, change: this.#changeSlopes[n]!, after: after.observations[n]! },
    );
  }

  /** From the derivatives with respect to what the network read for transition k: adds those for the state before and the action. */
  #encodeBackward(k: number, slopes: Float32Array, before: StateRows): void {
    const n = k % this.#rows;
    const [X, stride] = [this.#states.observationSize, this.#actionRows.length];
    const [state, action] = [before.states[n]!, this.#actionSlopes[k]!];
    encodeInputBackward(this.#states.spec, this.#inputRows[k]!, this.#inputSlopes[n]!, { state, action });
    addColumn(slopes, k, before.observations[n]!, stride);
    addColumn(slopes, k + X * stride, action, stride);
  }
}

function stateRows(spec: StateSpec, count: number): StateRows {
  const states = rowsOf(new Float32Array(count * spec.size), spec.size);
  return { states, observations: states.map((state) => state.subarray(0, spec.observationSize)) };
}

/** Writes a row of numbers to an array, `stride` places apart. */
function writeColumn(array: Float32Array, at: number, row: Float32Array, stride: number): void {
  for (let i = 0; i < row.length; i++) array[at + i * stride] = row[i]!;
}

/** Adds numbers of an array, `stride` places apart, to a row. */
function addColumn(array: Float32Array, at: number, row: Float32Array, stride: number): void {
  for (let i = 0; i < row.length; i++) row[i]! += array[at + i * stride]!;
}

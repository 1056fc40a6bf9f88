import { Tensor as OrtTensor } from "hypercrl-onnxruntime";
import { elementAt } from "../../sim/core/element.js";
import { InputError } from "../../sim/core/errors.js";
import type { Rng } from "../../sim/core/rng.js";
import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArrays, type Feeds, tensor } from "../graph/session.js";
import { inputSize, type MlpShape, targetSize } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { type SavedArray, type SavedArrays, STORED } from "../model/saved-arrays.js";

/**
 * Transitions of earlier tasks, for methods that rehearse them. Rows are normalised when they are stored, by the
 * normaliser of the task they come from: that one is frozen from then on, and no other may be used for them.
 */
export class StoredData {
  readonly #inputSize: number;
  readonly #targetSize: number;
  /** Row after the last of each task. */
  #ends: number[] = [];
  /** `[ΣN, I]` and `[ΣN, X]`, task after task. */
  #inputs: Float32Array = new Float32Array(0);
  #targets: Float32Array = new Float32Array(0);

  constructor(inputSize: number, targetSize: number) {
    this.#inputSize = inputSize;
    this.#targetSize = targetSize;
  }

  /** Tasks of which data are stored: 0 … tasks - 1. */
  get tasks(): number {
    return this.#ends.length;
  }

  /** Transitions stored of a task. */
  size(task: number): number {
    return this.#end(task) - this.#start(task);
  }

  /**
   * Stores transitions of a task: the next one, or one of which some are stored, which are then among those that are drawn from.
   * @param task 0-based
   * @param count all, or this many drawn uniformly without replacement (all when there are fewer)
   */
  keep(
    task: number,
    data: TrainingData,
    normalizer: NormalizerArrays,
    count: "all" | number,
    rng: Rng,
  ): void {
    const held = task < this.tasks ? this.size(task) : 0;
    const all = held + data.size;
    const rows = count === "all" ? Array.from({ length: all }, (_, i) => i) : draw(all, count, rng);
    const kept = this.#block(rows.length);
    rows.forEach((row, k) => {
      if (row < held) this.#copyRow(this.#start(task) + row, { ...kept, row: k });
      else normalizeRow(data, normalizer, row - held, { ...kept, row: k });
    });
    const blocks = Array.from({ length: this.tasks }, (_, j) => this.#blockOf(j));
    blocks[task] = kept;
    this.#setBlocks(blocks);
  }

  /**
   * What `storedInputs` declares: all stored rows, and for each minibatch `perTask` rows of every task, drawn
   * uniformly. Nothing when nothing is stored.
   */
  feeds(iterations: number, perTask: number, rng: Rng): Feeds {
    if (this.tasks === 0) return {};
    const total = this.#end(this.tasks - 1);
    const rows = new Int32Array(iterations * this.tasks * perTask);
    for (let i = 0; i < rows.length; i++) {
      const task = Math.floor(i / perTask) % this.tasks;
      rows[i] = this.#start(task) + rng.integer(this.size(task));
    }
    return {
      "stored.inputs": tensor(this.#inputs, [total, this.#inputSize]),
      "stored.targets": tensor(this.#targets, [total, this.#targetSize]),
      "stored.rows": new OrtTensor("int32", rows, [iterations, this.tasks * perTask]),
    };
  }

  /** Arrays for a checkpoint: `stored.j.inputs [N, I]` and `stored.j.targets [N, X]`, normalised. */
  arrays(): Record<string, SavedArray> {
    const out: Record<string, SavedArray> = {};
    for (let j = 0; j < this.tasks; j++) {
      const part = (all: Float32Array, width: number): SavedArray => ({
        shape: [this.size(j), width],
        data: all.subarray(this.#start(j) * width, this.#end(j) * width),
      });
      out[`${STORED}.${j}.inputs`] = part(this.#inputs, this.#inputSize);
      out[`${STORED}.${j}.targets`] = part(this.#targets, this.#targetSize);
    }
    return out;
  }

  /** Continues from saved arrays. @throws InputError when they are not those of `tasks` tasks of this size */
  restore(arrays: SavedArrays, tasks: number): void {
    const blocks: Block[] = [];
    for (let j = 0; j < tasks; j++) {
      const inputs = arrays[`${STORED}.${j}.inputs`]?.data;
      const targets = arrays[`${STORED}.${j}.targets`]?.data;
      const count = (inputs?.length ?? 0) / this.#inputSize;
      if (!inputs || !targets || !Number.isInteger(count) || targets.length !== count * this.#targetSize) {
        throw new InputError({
          what: `The checkpoint does not hold the stored transitions of task ${j + 1}`,
          got: `${inputs?.length ?? "no"} input and ${targets?.length ?? "no"} target numbers`,
          expected: `rows of ${this.#inputSize} input and ${this.#targetSize} target numbers`,
          todo: "Restore the run's own files from a copy, or start a new run",
        });
      }
      blocks.push({ inputs, targets });
    }
    this.#setBlocks(blocks);
  }

  #start(task: number): number {
    return task === 0 ? 0 : this.#end(task - 1);
  }

  #end(task: number): number {
    return elementAt(this.#ends, task, "stored tasks");
  }

  /** Room for rows of one task. */
  #block(rows: number): Block {
    return {
      inputs: new Float32Array(rows * this.#inputSize),
      targets: new Float32Array(rows * this.#targetSize),
    };
  }

  /** The rows of a task, not copied. */
  #blockOf(task: number): Block {
    const [start, end] = [this.#start(task), this.#end(task)];
    return {
      inputs: this.#inputs.subarray(start * this.#inputSize, end * this.#inputSize),
      targets: this.#targets.subarray(start * this.#targetSize, end * this.#targetSize),
    };
  }

  /** Copies a stored row. */
  #copyRow(row: number, to: Block & { readonly row: number }): void {
    const [I, X] = [this.#inputSize, this.#targetSize];
    to.inputs.set(this.#inputs.subarray(row * I, (row + 1) * I), to.row * I);
    to.targets.set(this.#targets.subarray(row * X, (row + 1) * X), to.row * X);
  }

  /** Takes the rows of all tasks, one task after another. */
  #setBlocks(blocks: readonly Block[]): void {
    let size = 0;
    const ends = blocks.map(({ inputs }) => {
      size += inputs.length / this.#inputSize;
      return size;
    });
    const [inputs, targets] = alignedArrays([size * this.#inputSize, size * this.#targetSize]);
    blocks.forEach((block, j) => {
      const start = j === 0 ? 0 : elementAt(ends, j - 1, "stored tasks");
      inputs.set(block.inputs, start * this.#inputSize);
      targets.set(block.targets, start * this.#targetSize);
    });
    this.#inputs = inputs;
    this.#targets = targets;
    this.#ends = ends;
  }
}

/** Normalised transitions of one task, `[N, I]` and `[N, X]`. */
interface Block {
  readonly inputs: Float32Array;
  readonly targets: Float32Array;
}

/** Writes a transition, normalised, to a row of `inputs [N, I]` and `targets [N, X]`. */
export function normalizeRow(
  data: TrainingData,
  { inputMean, inputScale, targetMean, targetStd }: NormalizerArrays,
  row: number,
  to: { readonly inputs: Float32Array; readonly targets: Float32Array; readonly row: number },
): void {
  const I = data.inputSize;
  const X = data.targetSize;
  for (let i = 0; i < I; i++)
    to.inputs[to.row * I + i] = (data.inputs[row * I + i]! - inputMean[i]!) * inputScale[i]!;
  for (let i = 0; i < X; i++)
    to.targets[to.row * X + i] = (data.targets[row * X + i]! - targetMean[i]!) / targetStd[i]!;
}

/** `count` distinct numbers below `size` in rising order (selection sampling; Knuth, TAOCP 2, algorithm S). */
function draw(size: number, count: number, rng: Rng): number[] {
  const picked: number[] = [];
  const wanted = Math.min(count, size);
  for (let i = 0; i < size; i++) {
    if ((size - i) * rng.uniform() < wanted - picked.length) picked.push(i);
  }
  return picked;
}

/** The graph's view of stored data: see `StoredData.feeds`. */
export interface StoredTensors {
  /** `[ΣN, I]` */
  readonly inputs: Tensor;
  /** `[ΣN, X]` */
  readonly targets: Tensor;
  /** int32 `[iterations, tasks · perTask]` */
  readonly rows: Tensor;
}

/** Declares what `StoredData.feeds` gives. @param dynamics the network that the data are for */
export function storedInputs(g: Graph, dynamics: MlpShape, tasks: number, perTask: number): StoredTensors {
  return {
    inputs: g.input("stored.inputs", ["stored rows", inputSize(dynamics)]),
    targets: g.input("stored.targets", ["stored rows", targetSize(dynamics)]),
    rows: g.input("stored.rows", ["iterations", tasks * perTask], "int32"),
  };
}

/** One minibatch of stored rows: `x [tasks · perTask, I]`, `y [tasks · perTask, X]`, task after task. */
export function storedMinibatch(stored: StoredTensors, iteration: Tensor): { x: Tensor; y: Tensor } {
  const rows = ops.gather(stored.rows, iteration);
  return { x: ops.gather(stored.inputs, rows), y: ops.gather(stored.targets, rows) };
}

import { damagedDocument } from "../../sim/core/documents.js";
import type { InputError } from "../../sim/core/errors.js";
import type { RngState } from "../../sim/core/rng.js";
import type { Tensor } from "../../sim/core/safetensors.js";
import type { LearnedState, TaskState } from "../agent-state.js";
import { Normalizer, type NormalizerArrays } from "../model/normalizer.js";
import type { ReplayBuffer } from "../model/replay-buffer.js";
import { type SavedArray, savedRow } from "../model/saved-arrays.js";
import type { Settings } from "../settings/schema.js";

/** What a message about a damaged checkpoint says. */
export const CHECKPOINT_ERROR = {
  expected: "a checkpoint as `hypercrl train` writes it",
  todo: "Copy the file again from where it came from, or start the run anew",
};

/** The error of a checkpoint's file that does not hold what it should. */
export function damaged(path: string, got: string, cause?: unknown): InputError {
  return damagedDocument(`Checkpoint ${path}`, got, CHECKPOINT_ERROR, cause);
}

const NORMALIZER_KEYS = ["inputMean", "inputScale", "targetMean", "targetStd"] as const;

/** Beside the normaliser, whose units it is in; earlier versions did not write it. */
const residualScaleName = (task: number) => `normalizers.${task}.residualScale`;

/** The arrays of what outlives a task, by the names that a checkpoint gives them. */
export function learnedArrays({
  learner,
  normalizers,
  residualScales,
}: LearnedState): Record<string, Tensor> {
  const out: Record<string, Tensor> = {};
  for (const [name, array] of Object.entries(learner.arrays)) out[`learner.${name}`] = array;
  normalizers.forEach((normalizer, j) => {
    for (const key of NORMALIZER_KEYS) {
      out[`normalizers.${j}.${key}`] = { shape: [normalizer[key].length], data: normalizer[key] };
    }
  });
  residualScales.forEach((data, j) => {
    if (data !== undefined) out[residualScaleName(j)] = savedRow(data);
  });
  return out;
}

/** The arrays of what exists while a task is being learned, without its transitions. */
export function taskArrays({ moments, planner }: TaskState): Record<string, Tensor> {
  const out: Record<string, Tensor> = {};
  for (const group of ["inputs", "targets"] as const) {
    for (const key of ["mean", "squares"] as const) {
      const data = moments[group][key];
      out[`moments.${group}.${key}`] = { shape: [data.length], data };
    }
  }
  for (const [name, data] of Object.entries(planner.arrays)) {
    out[`planner.${name}`] = { shape: [data.length], data };
  }
  return out;
}

/** The arrays of a checkpoint as they were read. */
export class SavedArrays {
  readonly #path: string;
  readonly #tensors: Readonly<Record<string, Tensor>>;

  /** @param path for messages */
  constructor(path: string, tensors: Readonly<Record<string, Tensor>>) {
    this.#path = path;
    this.#tensors = tensors;
  }

  /** Whether there is an array of a name. */
  has(name: string): boolean {
    return name in this.#tensors;
  }

  /** The names that follow a prefix, without it. */
  namesAfter(prefix: string): string[] {
    const names = Object.keys(this.#tensors).filter((name) => name.startsWith(prefix));
    return names.map((name) => name.slice(prefix.length));
  }

  /** An array with its shape. @throws InputError when it is missing or of other numbers */
  array(name: string): SavedArray {
    return { shape: this.#tensors[name]?.shape ?? [], data: this.floats(name) };
  }

  /** @param size how many there must be; default any. @throws InputError when they are missing, others or of another size */
  floats(name: string, size?: number): Float32Array {
    const data = this.#tensors[name]?.data;
    if (data instanceof Float32Array) return this.#sized(name, data, size);
    throw this.damaged(`${data === undefined ? "no array" : "other numbers than float32 in"} ${name}`);
  }

  /** @throws InputError when they are missing, others or of another size */
  doubles(name: string, size: number): Float64Array {
    const data = this.#tensors[name]?.data;
    if (data instanceof Float64Array) return this.#sized(name, data, size);
    throw this.damaged(`no float64 numbers in ${name}`);
  }

  /** The error of these arrays. */
  damaged(got: string): InputError {
    return damaged(this.#path, got);
  }

  #sized<Numbers extends Float32Array | Float64Array>(
    name: string,
    data: Numbers,
    size = data.length,
  ): Numbers {
    if (data.length === size) return data;
    throw this.damaged(`${data.length} numbers in ${name}, where the run has ${size}`);
  }
}

/**
 * What outlives a task, from a checkpoint.
 * @param numbers the learner's
 * @param sizes of the run's rows
 * @throws InputError when arrays are missing or do not fit the run's settings
 */
export function rebuildLearned(
  saved: SavedArrays,
  numbers: Readonly<Record<string, number>>,
  begun: TasksBegun,
  sizes: Sizes,
): LearnedState {
  const normalizers = readNormalizers(saved, begun, sizes);
  const arrays = saved.namesAfter("learner.").map((name) => [name, saved.array(`learner.${name}`)] as const);
  return {
    learner: { arrays: Object.fromEntries(arrays), numbers },
    normalizers,
    residualScales: normalizers.map((_, j) =>
      saved.has(residualScaleName(j)) ? saved.floats(residualScaleName(j), sizes.targetSize) : undefined,
    ),
  };
}

/** How many tasks may have been begun where a run stands. */
export interface TasksBegun {
  readonly fewest: number;
  readonly most: number;
  /** For messages. */
  readonly place: string;
}

type Sizes = Pick<ReplayBuffer, "inputSize" | "targetSize">;

/** One normaliser per task begun. */
function readNormalizers(
  saved: SavedArrays,
  { fewest, most, place }: TasksBegun,
  { inputSize, targetSize }: Sizes,
): NormalizerArrays[] {
  const normalizers: NormalizerArrays[] = [];
  while (saved.has(`normalizers.${normalizers.length}.inputMean`)) {
    const name = `normalizers.${normalizers.length}`;
    normalizers.push({
      inputMean: saved.floats(`${name}.inputMean`, inputSize),
      inputScale: saved.floats(`${name}.inputScale`, inputSize),
      targetMean: saved.floats(`${name}.targetMean`, targetSize),
      targetStd: saved.floats(`${name}.targetStd`, targetSize),
    });
  }
  if (normalizers.length >= fewest && normalizers.length <= most) return normalizers;
  throw saved.damaged(`normalisers of ${normalizers.length} tasks ${place}`);
}

/** What the document of a checkpoint says of the task being learned. */
export interface TaskNumbers {
  readonly bufferAdded: number;
  readonly momentsCount: number;
  readonly plannerRng: RngState;
}

/** The running statistics and the planner of the task being learned. @throws InputError as `rebuildLearned` */
export function rebuildTask(
  saved: SavedArrays,
  { momentsCount, plannerRng }: TaskNumbers,
  { inputSize, targetSize }: Sizes,
  { dynamics }: Settings,
): Pick<TaskState, "moments" | "planner"> {
  const moments = new Normalizer(inputSize, targetSize, dynamics.normalizeTargets);
  for (const group of ["inputs", "targets"] as const) {
    moments[group].count = momentsCount;
    for (const key of ["mean", "squares"] as const) {
      const own = moments[group][key];
      own.set(saved.doubles(`moments.${group}.${key}`, own.length));
    }
  }
  const arrays = saved.namesAfter("planner.").map((name) => [name, saved.floats(`planner.${name}`)] as const);
  return { moments, planner: { rng: plannerRng, arrays: Object.fromEntries(arrays) } };
}

/** Fills a buffer with transitions that a checkpoint of an earlier version has among its arrays. @throws InputError as `rebuildLearned` */
export function fillFromArrays(buffer: ReplayBuffer, saved: SavedArrays, { bufferAdded }: TaskNumbers): void {
  const rows = Math.min(bufferAdded, buffer.capacity);
  buffer.restore(
    saved.floats("buffer.inputs", rows * buffer.inputSize),
    saved.floats("buffer.targets", rows * buffer.targetSize),
    bufferAdded,
  );
}

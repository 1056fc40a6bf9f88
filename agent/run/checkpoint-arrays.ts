import { damagedDocument } from "../../sim/core/documents.js";
import type { InputError } from "../../sim/core/errors.js";
import type { RngState } from "../../sim/core/rng.js";
import type { Tensor } from "../../sim/core/safetensors.js";
import type { TaskSpec } from "../../sim/task.js";
import type { AgentState } from "../agent.js";
import { Normalizer, type NormalizerArrays } from "../model/normalizer.js";
import { ReplayBuffer } from "../model/replay-buffer.js";
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

/** All arrays of an agent's state, by the names that a checkpoint gives them. */
export function collectArrays(agent: AgentState): Record<string, Tensor> {
  const out: Record<string, Tensor> = {};
  for (const [name, array] of Object.entries(agent.learner.arrays)) out[`learner.${name}`] = array;
  agent.normalizers.forEach((normalizer, j) => {
    for (const key of NORMALIZER_KEYS) {
      out[`normalizers.${j}.${key}`] = { shape: [normalizer[key].length], data: normalizer[key] };
    }
  });
  agent.residualScales.forEach((data, j) => {
    if (data !== undefined) out[residualScaleName(j)] = savedRow(data);
  });
  const { current } = agent;
  if (current === undefined) return out;
  const { buffer, moments, planner } = current;
  const rows = (data: Float32Array, width: number): SavedArray => ({
    shape: [buffer.size, width],
    data: data.subarray(0, buffer.size * width),
  });
  out["buffer.inputs"] = rows(buffer.inputs, buffer.inputSize);
  out["buffer.targets"] = rows(buffer.targets, buffer.targetSize);
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

/** What the document of a checkpoint says of an agent, beside its arrays. */
export interface SavedNumbers {
  readonly progress: { readonly stage: string; readonly task: number };
  readonly learner: Readonly<Record<string, number>>;
  readonly current?:
    | { readonly bufferAdded: number; readonly momentsCount: number; readonly plannerRng: RngState }
    | undefined;
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

/** The state of an agent from a checkpoint. @throws InputError when arrays are missing or do not fit the run's settings */
export function rebuildAgent(
  document: SavedNumbers,
  saved: SavedArrays,
  settings: Settings,
  spec: TaskSpec,
): AgentState {
  const buffer = new ReplayBuffer(spec, settings.loop.bufferCapacity, settings.dynamics.history);
  const normalizers = readNormalizers(saved, document.progress, buffer);
  const arrays = saved.namesAfter("learner.").map((name) => [name, saved.array(`learner.${name}`)] as const);
  return {
    learner: { arrays: Object.fromEntries(arrays), numbers: document.learner },
    normalizers,
    residualScales: normalizers.map((_, j) =>
      saved.has(residualScaleName(j)) ? saved.floats(residualScaleName(j), buffer.targetSize) : undefined,
    ),
    current: document.current && readCurrent(saved, document.current, buffer, settings),
  };
}

type Sizes = Pick<ReplayBuffer, "inputSize" | "targetSize">;

/** One normaliser per task begun. */
function readNormalizers(
  saved: SavedArrays,
  { stage, task }: SavedNumbers["progress"],
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
  const [fewest, most] = stage === "baseline" ? [0, 0] : [stage === "learn" ? task : task + 1, task + 1];
  if (normalizers.length >= fewest && normalizers.length <= most) return normalizers;
  throw saved.damaged(`normalisers of ${normalizers.length} tasks in task ${task + 1}`);
}

/** What exists only while a task is being learned. @param buffer an empty one, which is filled */
function readCurrent(
  saved: SavedArrays,
  { bufferAdded, momentsCount, plannerRng }: NonNullable<SavedNumbers["current"]>,
  buffer: ReplayBuffer,
  { loop, dynamics }: Settings,
): NonNullable<AgentState["current"]> {
  const { inputSize, targetSize } = buffer;
  const rows = Math.min(bufferAdded, loop.bufferCapacity);
  buffer.restore(
    saved.floats("buffer.inputs", rows * inputSize),
    saved.floats("buffer.targets", rows * targetSize),
    bufferAdded,
  );
  const moments = new Normalizer(inputSize, targetSize, dynamics.normalizeTargets);
  for (const group of ["inputs", "targets"] as const) {
    moments[group].count = momentsCount;
    for (const key of ["mean", "squares"] as const) {
      const own = moments[group][key];
      own.set(saved.doubles(`moments.${group}.${key}`, own.length));
    }
  }
  const arrays = saved.namesAfter("planner.").map((name) => [name, saved.floats(`planner.${name}`)] as const);
  return { buffer, moments, planner: { rng: plannerRng, arrays: Object.fromEntries(arrays) } };
}

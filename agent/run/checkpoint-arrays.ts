import type { RngState } from "../../sim/core/rng.js";
import type { Tensor } from "../../sim/core/safetensors.js";
import type { LearnedState, TaskState } from "../agent-state.js";
import { Normalizer, type NormalizerArrays } from "../model/normalizer.js";
import type { ReplayBuffer } from "../model/replay-buffer.js";
import { savedRow } from "../model/saved-arrays.js";
import type { Settings } from "../settings/schema.js";
import { discoveryArrays, foundArrays, readDiscovery, readFound } from "./discovery-arrays.js";
import type { SavedArrays } from "./read-arrays.js";

const NORMALIZER_KEYS = ["inputMean", "inputScale", "targetMean", "targetStd"] as const;

/** Beside the normaliser, whose units it is in; earlier versions did not write it. */
const residualScaleName = (task: number) => `normalizers.${task}.residualScale`;

/** The arrays of what outlives a task, by the names that a checkpoint gives them. */
export function learnedArrays({
  learner,
  normalizers,
  residualScales,
  found,
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
  if (found !== undefined) Object.assign(out, foundArrays(found));
  return out;
}

/** The arrays of what exists while a task is being learned, without its transitions. */
export function taskArrays({ moments, planner, discovery }: TaskState): Record<string, Tensor> {
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
  if (discovery !== undefined) Object.assign(out, discoveryArrays(discovery));
  return out;
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
  const found = readFound(saved);
  return {
    learner: { arrays: Object.fromEntries(arrays), numbers },
    normalizers,
    ...(found !== undefined && { found }),
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
): Pick<TaskState, "moments" | "planner" | "discovery"> {
  const moments = new Normalizer(inputSize, targetSize, dynamics.normalizeTargets);
  for (const group of ["inputs", "targets"] as const) {
    moments[group].count = momentsCount;
    for (const key of ["mean", "squares"] as const) {
      const own = moments[group][key];
      own.set(saved.doubles(`moments.${group}.${key}`, own.length));
    }
  }
  const arrays = saved.namesAfter("planner.").map((name) => [name, saved.floats(`planner.${name}`)] as const);
  const discovery = readDiscovery(saved, { inputSize, targetSize });
  const planner = { rng: plannerRng, arrays: Object.fromEntries(arrays) };
  return { moments, planner, ...(discovery !== undefined && { discovery }) };
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

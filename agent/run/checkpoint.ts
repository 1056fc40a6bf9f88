import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { z } from "zod";
import { damagedDocument, readGivenFile, readJsonFile, writeDocument } from "../../sim/core/documents.js";
import { InputError } from "../../sim/core/errors.js";
import { fileName } from "../../sim/core/file-name.js";
import { writeFileSafely } from "../../sim/core/files.js";
import { LARGEST } from "../../sim/core/own-files.js";
import { problemOf } from "../../sim/core/problem.js";
import type { RngState } from "../../sim/core/rng.js";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../../sim/core/safetensors.js";
import type { TaskSpec } from "../../sim/task.js";
import type { AgentState } from "../agent.js";
import { Normalizer, type NormalizerArrays } from "../model/normalizer.js";
import { ReplayBuffer } from "../model/replay-buffer.js";
import type { SavedArray } from "../model/saved-arrays.js";
import type { Settings } from "../settings/schema.js";
import type { CheckpointFiles } from "./run-files.js";

/** Raised whenever the meaning of a checkpoint changes. */
export const CHECKPOINT_SCHEMA = 2;

const rngState = z.object({ path: z.string(), words: z.array(z.int()).length(4) });
const count = z.int().min(0);

const progressSchema = z.object({
  /** What the next unit of work is. */
  stage: z.enum(["baseline", "learn", "evaluate", "done"]),
  /** Task being measured, learned, or evaluated after. */
  task: count,
  /** Environment steps made in this task. */
  steps: count,
  /** Episodes finished in this stage of this task. */
  episode: count,
  /** Next task to evaluate. */
  evaluated: count,
});

/** Where a run stands, between two episodes. */
export type Progress = z.infer<typeof progressSchema>;

/** Where a run without a checkpoint begins. */
export const BEGINNING: Progress = { stage: "baseline", task: 0, steps: 0, episode: 0, evaluated: 0 };

const documentSchema = z.object({
  schema: z.number(),
  settingsHash: z.string(),
  /** A file beside the document. */
  arrays: z.object({ file: fileName, sha256: z.string() }),
  progress: progressSchema,
  metricsBytes: count,
  learner: z.record(z.string(), z.number()),
  actionRng: rngState,
  current: z.object({ bufferAdded: count, momentsCount: count, plannerRng: rngState }).optional(),
  /** SHA-256 of the JSON of all the above: a damaged digit would otherwise change the run in silence. */
  sha256: z.string(),
});

type Document = z.infer<typeof documentSchema>;

export interface Checkpoint {
  readonly progress: Progress;
  /** Length of the metrics log, so that a resumed run cuts off what came later. */
  readonly metricsBytes: number;
  readonly agent: AgentState;
  readonly actionRng: RngState;
}

const NORMALIZER_KEYS = ["inputMean", "inputScale", "targetMean", "targetStd"] as const;

/**
 * Writes a checkpoint: arrays first (safetensors), then the JSON document that names them with their hash, each
 * whole or not at all, so that a crash at any moment leaves the previous checkpoint or the new one.
 * @param files their names in `folder`; the arrays' one is not that of the arrays of a document to be replaced
 */
export function writeCheckpoint(
  folder: string,
  files: CheckpointFiles,
  settingsHash: string,
  checkpoint: Checkpoint,
): void {
  const { agent, progress } = checkpoint;
  const bytes = encodeSafetensors(collectArrays(agent));
  const file = fileName.parse(files.arrays);
  const { current } = agent;
  const content: Omit<Document, "sha256"> = {
    schema: CHECKPOINT_SCHEMA,
    settingsHash,
    arrays: { file, sha256: sha256(bytes) },
    progress,
    metricsBytes: checkpoint.metricsBytes,
    learner: { ...agent.learner.numbers },
    actionRng: mutable(checkpoint.actionRng),
    ...(current && {
      current: {
        bufferAdded: current.buffer.added,
        momentsCount: current.moments.inputs.count,
        plannerRng: mutable(current.planner.rng),
      },
    }),
  };
  const document: Document = { ...content, sha256: sha256(JSON.stringify(content)) };
  writeFileSafely(join(folder, file), bytes);
  writeDocument(join(folder, files.document), document);
}

function mutable({ path, words }: RngState): { path: string; words: number[] } {
  return { path, words: [...words] };
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function collectArrays(agent: AgentState): Record<string, Tensor> {
  const out: Record<string, Tensor> = {};
  for (const [name, array] of Object.entries(agent.learner.arrays)) out[`learner.${name}`] = array;
  agent.normalizers.forEach((normalizer, j) => {
    for (const key of NORMALIZER_KEYS) {
      out[`normalizers.${j}.${key}`] = { shape: [normalizer[key].length], data: normalizer[key] };
    }
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

/** A checkpoint as read, and the name of its arrays' file. */
export interface SavedCheckpoint extends Checkpoint {
  readonly arraysFile: string;
}

/**
 * Reads a checkpoint back and checks all of it against the run's settings, so that nothing is begun with a part of it.
 * @throws InputError when a file is missing or damaged, of another schema, of other settings or another network
 */
export function readCheckpoint(
  path: string,
  settingsHash: string,
  settings: Settings,
  spec: TaskSpec,
): SavedCheckpoint {
  const document = readCheckpointDocument(path);
  if (document.settingsHash !== settingsHash) {
    throw new InputError({
      what: `Checkpoint ${path} belongs to other settings`,
      got: `settings hash ${document.settingsHash.slice(0, 12)}`,
      expected: settingsHash.slice(0, 12),
      todo: "Restore the run's own settings.json, or start a new run",
    });
  }
  checkProgress(path, document, settings);
  const arraysPath = join(dirname(path), document.arrays.file);
  const bytes = readGivenFile(arraysPath, LARGEST.arrays, CHECKPOINT_ERROR);
  if (sha256(bytes) !== document.arrays.sha256) {
    throw new InputError({
      what: `Checkpoint arrays ${arraysPath} are damaged`,
      got: `${bytes.length} bytes with hash ${sha256(bytes).slice(0, 12)}`,
      expected: `hash ${document.arrays.sha256.slice(0, 12)}`,
      todo: "Copy the file again from where it came from, or start the run anew",
    });
  }
  const { tensors } = decodeSafetensors(bytes, arraysPath);
  return {
    progress: document.progress,
    metricsBytes: document.metricsBytes,
    actionRng: document.actionRng,
    agent: rebuildAgent(document, tensors, settings, spec, arraysPath),
    arraysFile: document.arrays.file,
  };
}

const CHECKPOINT_ERROR = {
  expected: "a checkpoint as `hypercrl train` writes it",
  todo: "Copy the file again from where it came from, or start the run anew",
};

function readCheckpointDocument(path: string): Document {
  const parsed = readJsonFile(path, CHECKPOINT_ERROR);
  const schema = (parsed as { schema?: unknown } | null)?.schema;
  if (schema !== CHECKPOINT_SCHEMA && typeof schema === "number") {
    throw new InputError({
      what: `Checkpoint ${path} has another schema version`,
      got: String(schema),
      expected: String(CHECKPOINT_SCHEMA),
      todo: "Use the hypercrl version that wrote it, or start the run anew",
    });
  }
  const result = documentSchema.safeParse(parsed);
  if (result.success) {
    const { sha256: wanted, ...content } = parsed as Document;
    if (sha256(JSON.stringify(content)) === wanted) return result.data;
    throw damaged(path, "content that differs from its checksum");
  }
  throw damaged(path, problemOf(result.error), result.error);
}

/** Checks that a run with these settings can be where a checkpoint says. */
function checkProgress(path: string, { progress, current }: Document, { tasks, loop }: Settings): void {
  const { stage, task, steps, episode, evaluated } = progress;
  const most = loop.initialRandomSteps + loop.stepsPerTask;
  const limits: readonly (readonly [name: string, got: number, most: number])[] = [
    ["task", task, tasks - 1],
    ["steps", steps, stage === "learn" ? most - 1 : 0],
    ["episode", episode, stage === "learn" ? steps : 0],
    ["evaluated", evaluated, stage === "evaluate" || stage === "done" ? task : 0],
  ];
  for (const [name, got, limit] of limits) {
    if (got > limit) throw damaged(path, `progress.${name}: ${got}, where the run has at most ${limit}`);
  }
  const learning = stage === "learn" && steps > 0;
  if (learning && current === undefined) throw damaged(path, "no replay buffer in the middle of a task");
}

function damaged(path: string, got: string, cause?: unknown): InputError {
  return damagedDocument(`Checkpoint ${path}`, got, CHECKPOINT_ERROR, cause);
}

function rebuildAgent(
  document: Document,
  tensors: Readonly<Record<string, Tensor>>,
  settings: Settings,
  spec: TaskSpec,
  path: string,
): AgentState {
  const floats = (name: string): Float32Array => {
    const data = tensors[name]?.data;
    if (data instanceof Float32Array) return data;
    throw damaged(path, `${data === undefined ? "no array" : "other numbers than float32 in"} ${name}`);
  };
  const sized = <Numbers extends Float32Array | Float64Array>(name: string, data: Numbers, size: number) => {
    if (data.length === size) return data;
    throw damaged(path, `${data.length} numbers in ${name}, where the run has ${size}`);
  };
  const buffer = new ReplayBuffer(spec, settings.loop.bufferCapacity);
  const { inputSize, targetSize } = buffer;
  const normalizers: NormalizerArrays[] = [];
  while (`normalizers.${normalizers.length}.inputMean` in tensors) {
    const name = `normalizers.${normalizers.length}`;
    const read = (key: keyof NormalizerArrays, size: number) =>
      sized(`${name}.${key}`, floats(`${name}.${key}`), size);
    normalizers.push({
      inputMean: read("inputMean", inputSize),
      inputScale: read("inputScale", inputSize),
      targetMean: read("targetMean", targetSize),
      targetStd: read("targetStd", targetSize),
    });
  }
  const { stage, task } = document.progress;
  const [fewest, most] = stage === "baseline" ? [0, 0] : [stage === "learn" ? task : task + 1, task + 1];
  if (normalizers.length < fewest || normalizers.length > most)
    throw damaged(path, `normalisers of ${normalizers.length} tasks in task ${task + 1}`);
  const arrays: Record<string, SavedArray> = {};
  for (const [name, { shape }] of Object.entries(tensors)) {
    if (name.startsWith("learner.")) arrays[name.slice("learner.".length)] = { shape, data: floats(name) };
  }
  const base = {
    learner: { arrays, numbers: document.learner },
    normalizers,
  };
  if (document.current === undefined) return { ...base, current: undefined };
  const { bufferAdded, momentsCount, plannerRng } = document.current;
  const rows = Math.min(bufferAdded, settings.loop.bufferCapacity);
  buffer.restore(
    sized("buffer.inputs", floats("buffer.inputs"), rows * inputSize),
    sized("buffer.targets", floats("buffer.targets"), rows * targetSize),
    bufferAdded,
  );
  const moments = new Normalizer(inputSize, targetSize, settings.dynamics.normalizeTargets);
  for (const group of ["inputs", "targets"] as const) {
    moments[group].count = momentsCount;
    for (const key of ["mean", "squares"] as const) {
      const name = `moments.${group}.${key}`;
      const data = tensors[name]?.data;
      if (!(data instanceof Float64Array)) throw damaged(path, `no float64 numbers in ${name}`);
      moments[group][key].set(sized(name, data, moments[group][key].length));
    }
  }
  const plannerArrays = Object.fromEntries(
    Object.keys(tensors)
      .filter((name) => name.startsWith("planner."))
      .map((name) => [name.slice("planner.".length), floats(name)]),
  );
  return { ...base, current: { buffer, moments, planner: { rng: plannerRng, arrays: plannerArrays } } };
}

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { InputError } from "../../sim/core/errors.js";
import { writeFileSafely } from "../../sim/core/files.js";
import { problemOf } from "../../sim/core/problem.js";
import type { RngState } from "../../sim/core/rng.js";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../../sim/core/safetensors.js";
import type { TaskSpec } from "../../sim/task.js";
import type { AgentState } from "../agent.js";
import { Normalizer, type NormalizerArrays } from "../model/normalizer.js";
import { ReplayBuffer } from "../model/replay-buffer.js";
import type { SavedArray } from "../model/saved-arrays.js";
import type { Settings } from "../settings/schema.js";

/** Raised whenever the meaning of a checkpoint changes. */
export const CHECKPOINT_SCHEMA = 2;

const rngState = z.object({ path: z.string(), words: z.array(z.number()).length(4) });

const progressSchema = z.object({
  /** What the next unit of work is. */
  stage: z.enum(["baseline", "learn", "evaluate", "done"]),
  /** Task being measured, learned, or evaluated after. */
  task: z.number(),
  /** Environment steps made in this task. */
  steps: z.number(),
  /** Episodes finished in this stage of this task. */
  episode: z.number(),
  /** Next task to evaluate. */
  evaluated: z.number(),
});

/** Where a run stands, between two episodes. */
export type Progress = z.infer<typeof progressSchema>;

const documentSchema = z.object({
  schema: z.number(),
  settingsHash: z.string(),
  arrays: z.object({ file: z.string(), sha256: z.string() }),
  progress: progressSchema,
  metricsBytes: z.int().min(0),
  learner: z.record(z.string(), z.number()),
  actionRng: rngState,
  current: z.object({ bufferAdded: z.number(), momentsCount: z.number(), plannerRng: rngState }).optional(),
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
 * @returns the names of the two files
 */
export function writeCheckpoint(path: string, settingsHash: string, checkpoint: Checkpoint): string[] {
  const { agent, progress } = checkpoint;
  const bytes = encodeSafetensors(collectArrays(agent));
  const stem = basename(path, ".json");
  const file = `${stem}-${progress.stage}-${progress.task}-${progress.steps}-${progress.evaluated}.safetensors`;
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
  writeFileSafely(join(dirname(path), file), bytes);
  writeFileSafely(path, `${JSON.stringify(document, null, 2)}\n`);
  return [basename(path), file];
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

/**
 * Reads a checkpoint back.
 * @throws InputError when a file is missing or damaged, of another schema, of other settings or another network
 */
export function readCheckpoint(
  path: string,
  settingsHash: string,
  settings: Settings,
  spec: TaskSpec,
): Checkpoint {
  const document = readDocument(path);
  if (document.settingsHash !== settingsHash) {
    throw new InputError({
      what: `Checkpoint ${path} belongs to other settings`,
      got: `settings hash ${document.settingsHash.slice(0, 12)}`,
      expected: settingsHash.slice(0, 12),
      todo: "Restore the run's own settings.json, or start a new run",
    });
  }
  const arraysPath = join(dirname(path), document.arrays.file);
  const bytes = readBytes(arraysPath);
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
  };
}

function readDocument(path: string): Document {
  const text = readBytes(path).toString("utf8");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, "text that is not JSON", cause);
  }
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
    throw damaged(path, "content that differs from its checksum", undefined);
  }
  throw damaged(path, problemOf(result.error), result.error);
}

function damaged(path: string, got: string, cause: unknown): InputError {
  return new InputError({
    what: `Checkpoint ${path} is damaged`,
    got,
    expected: "a checkpoint as `hypercrl train` writes it",
    todo: "Copy the file again from where it came from, or start the run anew",
    cause,
  });
}

function readBytes(path: string): Buffer {
  if (!existsSync(path)) {
    throw new InputError({
      what: `File ${path} is missing`,
      expected: "a run folder with its checkpoint",
      todo: "Check the path; a run folder is what `hypercrl train --out` made",
    });
  }
  return readFileSync(path);
}

function rebuildAgent(
  document: Document,
  tensors: Readonly<Record<string, Tensor>>,
  settings: Settings,
  spec: TaskSpec,
  path: string,
): AgentState {
  const take = (name: string): Tensor => {
    const tensor = tensors[name];
    if (tensor === undefined) throw damaged(path, `no array ${name}`, undefined);
    return tensor;
  };
  const normalizers: NormalizerArrays[] = [];
  while (`normalizers.${normalizers.length}.inputMean` in tensors) {
    const j = normalizers.length;
    const read = (key: keyof NormalizerArrays) => take(`normalizers.${j}.${key}`).data as Float32Array;
    normalizers.push({
      inputMean: read("inputMean"),
      inputScale: read("inputScale"),
      targetMean: read("targetMean"),
      targetStd: read("targetStd"),
    });
  }
  const arrays: Record<string, SavedArray> = {};
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (name.startsWith("learner."))
      arrays[name.slice("learner.".length)] = { shape, data: data as Float32Array };
  }
  const base = {
    learner: { arrays, numbers: document.learner },
    normalizers,
  };
  if (document.current === undefined) return { ...base, current: undefined };
  const { bufferAdded, momentsCount, plannerRng } = document.current;
  const buffer = new ReplayBuffer(spec, settings.loop.bufferCapacity);
  buffer.restore(
    take("buffer.inputs").data as Float32Array,
    take("buffer.targets").data as Float32Array,
    bufferAdded,
  );
  const moments = new Normalizer(buffer.inputSize, buffer.targetSize, settings.dynamics.normalizeTargets);
  for (const group of ["inputs", "targets"] as const) {
    moments[group].count = momentsCount;
    for (const key of ["mean", "squares"] as const) {
      moments[group][key].set(take(`moments.${group}.${key}`).data as Float64Array);
    }
  }
  const plannerArrays = Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith("planner."))
      .map(([name, { data }]) => [name.slice("planner.".length), data as Float32Array]),
  );
  return { ...base, current: { buffer, moments, planner: { rng: plannerRng, arrays: plannerArrays } } };
}

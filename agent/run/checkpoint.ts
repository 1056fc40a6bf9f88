import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { z } from "zod";
import { readGivenFile, readJsonFile, writeDocument } from "../../sim/core/documents.js";
import { InputError } from "../../sim/core/errors.js";
import { fileName } from "../../sim/core/file-name.js";
import { writeFileSafely } from "../../sim/core/files.js";
import { LARGEST } from "../../sim/core/own-files.js";
import { problemOf } from "../../sim/core/problem.js";
import type { RngState } from "../../sim/core/rng.js";
import { decodeSafetensors, encodeSafetensors } from "../../sim/core/safetensors.js";
import type { TaskSpec } from "../../sim/task.js";
import type { AgentState } from "../agent.js";
import type { Settings } from "../settings/schema.js";
import { CHECKPOINT_ERROR, collectArrays, damaged, rebuildAgent, SavedArrays } from "./checkpoint-arrays.js";
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
    agent: rebuildAgent(document, new SavedArrays(arraysPath, tensors), settings, spec),
    arraysFile: document.arrays.file,
  };
}

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

import { createHash } from "node:crypto";
import { z } from "zod";
import { readJsonFile, writeDocument } from "../../sim/core/documents.js";
import { InputError } from "../../sim/core/errors.js";
import { fileName } from "../../sim/core/file-name.js";
import { problemOf } from "../../sim/core/problem.js";
import { CHECKPOINT_ERROR, damaged } from "./read-arrays.js";
import { CHECKPOINT_FILES } from "./run-files.js";
import { savedTransitions } from "./transitions-file.js";

/**
 * The document of a checkpoint, which names the files that hold its arrays. There are two kinds, told apart by `schema`: one whose
 * arrays are all in one file, and one in parts. Whatever is raised here, the meaning has changed.
 */
export const CHECKPOINT_SCHEMAS = { whole: 2, parts: 3 } as const;

const rngState = z.object({ path: z.string(), words: z.array(z.int()).length(4) });
const count = z.int().min(0);

const progressSchema = z.object({
  /** What the next unit of work is. */
  stage: z.enum(["baseline", "learn", "evaluate", "done"]),
  /**
   * Before anything is learned the task being measured; then the visit that is learned or evaluated after, which is the task where
   * every task is visited once, in the order of the suite.
   */
  task: count,
  /** Environment steps made in this visit. */
  steps: count,
  /** Episodes finished in this stage of this visit. */
  episode: count,
  /** Next task to evaluate. */
  evaluated: count,
});

/** Where a run stands, between two episodes. */
export type Progress = z.infer<typeof progressSchema>;

const numbers = z.record(z.string(), z.number());
const task = z.object({ bufferAdded: count, momentsCount: count, plannerRng: rngState });
/** SHA-256 of the JSON of all the rest: a damaged digit would otherwise change the run in silence. */
const sha256 = z.string();

/** Length of the metrics log, and what it was up to there, which earlier versions did not save. */
const log = { metricsBytes: count, metricsSha256: z.string().optional() };

/** All arrays in one file. So are all states between tasks, and those in the midst of one of earlier versions. */
const wholeSchema = z.object({
  schema: z.literal(CHECKPOINT_SCHEMAS.whole),
  settingsHash: z.string(),
  /** A file beside the document. */
  arrays: z.object({ file: fileName, sha256: z.string() }),
  progress: progressSchema,
  ...log,
  learner: numbers,
  actionRng: rngState,
  current: task.optional(),
  /** Present if the names of files have taken one turn more than states were saved, see `CheckpointWriter.takeTurn`. */
  extraTurn: z.literal(true).optional(),
  sha256,
});

/** While nothing has been learned, or a task is being learned. */
const partsSchema = z.object({
  schema: z.literal(CHECKPOINT_SCHEMAS.parts),
  settingsHash: z.string(),
  /** Of what was learned, see `TaskState.trained`. Without a hash nothing was, and there is no such file. */
  arrays: z.object({ file: fileName, sha256: z.string().optional() }),
  progress: progressSchema,
  ...log,
  learner: numbers,
  actionRng: rngState,
  current: task
    .extend({
      trained: z.boolean(),
      arrays: z.object({ file: z.enum(CHECKPOINT_FILES.task), sha256: z.string() }),
      transitions: savedTransitions,
    })
    .optional(),
  sha256,
});

const documentSchema = z.discriminatedUnion("schema", [wholeSchema, partsSchema]);

export type WholeDocument = z.infer<typeof wholeSchema>;
export type PartsDocument = z.infer<typeof partsSchema>;
export type CheckpointDocument = WholeDocument | PartsDocument;

/** Writes the document, whole or not at all. */
export function writeCheckpointDocument(
  path: string,
  content: Omit<WholeDocument, "sha256"> | Omit<PartsDocument, "sha256">,
): void {
  writeDocument(path, { ...content, sha256: hashOf(JSON.stringify(content)) });
}

/** SHA-256, hexadecimal. */
export function hashOf(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** @throws InputError when it is missing, damaged or of another schema */
export function readCheckpointDocument(path: string): CheckpointDocument {
  const parsed = readJsonFile(path, CHECKPOINT_ERROR);
  const schema = (parsed as { schema?: unknown } | null)?.schema;
  const known: readonly number[] = Object.values(CHECKPOINT_SCHEMAS);
  if (typeof schema === "number" && !known.includes(schema)) {
    throw new InputError({
      what: `Checkpoint ${path} has another schema version`,
      got: String(schema),
      expected: known.join(" or "),
      todo: "Use the hypercrl version that wrote it, or start the run anew",
    });
  }
  const result = documentSchema.safeParse(parsed);
  if (!result.success) throw damaged(path, problemOf(result.error), result.error);
  const { sha256: wanted, ...content } = parsed as CheckpointDocument;
  if (hashOf(JSON.stringify(content)) === wanted) return result.data;
  throw damaged(path, "content that differs from its checksum");
}

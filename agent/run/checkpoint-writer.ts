import { join } from "node:path";
import { fileName } from "../../sim/core/file-name.js";
import { linkFile, writeFileSafely } from "../../sim/core/files.js";
import { removeOwnFile } from "../../sim/core/own-files.js";
import type { RngState } from "../../sim/core/rng.js";
import { encodeSafetensors, type Tensor } from "../../sim/core/safetensors.js";
import type { LearnedState, TaskState } from "../agent-state.js";
import type { Checkpoint, CheckpointParts, LearnedFile } from "./checkpoint.js";
import { learnedArrays, taskArrays } from "./checkpoint-arrays.js";
import {
  CHECKPOINT_SCHEMAS,
  hashOf,
  type PartsDocument,
  type WholeDocument,
  writeCheckpointDocument,
} from "./checkpoint-document.js";
import { CHECKPOINT_FILES, type CheckpointFiles, nextName, RUN_FILES } from "./run-files.js";
import { TransitionsFile } from "./transitions-file.js";

/** The numbers of a state, beside its arrays. */
export type StateNumbers = Omit<Checkpoint, "agent">;

/** Files of the task being learned. */
interface TaskFiles {
  readonly arrays: string;
  readonly transitions: string;
}

/**
 * Writes the state of a run between two episodes, and of it only what has changed.
 *
 * What was learned is by far the largest part, hundreds of MB at the published sizes, and only training sessions and the end of a
 * task change it. The episodes of the random policy, of evaluations, and those before a task's first session go on with the file
 * that is there. Transitions are appended to those of the episodes before, and what else exists of the task being learned is
 * small and written anew.
 *
 * Files are written first, then the document that names them with their hashes, then what only the document before named is
 * removed. A crash at any moment thus leaves the checkpoint before or the new one, whole.
 */
export class CheckpointWriter {
  readonly #folder: string;
  readonly #settingsHash: string;
  readonly #transitions: TransitionsFile;
  #learned: LearnedFile | undefined;
  #task: TaskFiles | undefined;

  /** @param parts files of the checkpoint that the run goes on from */
  constructor(folder: string, settingsHash: string, parts?: CheckpointParts) {
    this.#folder = folder;
    this.#settingsHash = settingsHash;
    this.#transitions = new TransitionsFile(folder, parts?.task?.transitions);
    this.#learned = parts?.learned;
    this.#task = parts?.task && { arrays: parts.task.file, transitions: parts.task.transitions.file };
  }

  /** Files that the last checkpoint names. */
  get named(): readonly string[] {
    const learned = this.#learned?.sha256 === undefined ? [] : [this.#learned.file];
    return [...learned, ...Object.values(this.#task ?? {})];
  }

  /**
   * Saves a state.
   * @param learned undefined where it is as it was saved before, or as a new agent begins
   * @throws RunError when the disk is full; the checkpoint before is still there
   */
  save(numbers: StateNumbers, learned: LearnedState | undefined, task: TaskState | undefined): void {
    const before = this.named;
    const learnedFile = learned === undefined ? this.#passOn() : this.#writeLearned(learned);
    const current = task && this.#writeTask(task);
    const { file, sha256 } = learnedFile;
    const path = join(this.#folder, RUN_FILES.checkpoint);
    if (sha256 !== undefined && current === undefined) {
      writeWhole(path, this.#settingsHash, numbers, { ...learnedFile, sha256 });
    } else {
      const arrays = { file, ...(sha256 !== undefined && { sha256 }) };
      writeCheckpointDocument(path, this.#content(numbers, arrays, learnedFile.numbers, current));
    }
    if (current === undefined) this.#transitions.end();
    this.#learned = learnedFile;
    this.#task = current && { arrays: current.arrays.file, transitions: current.transitions.file };
    const { named } = this;
    for (const name of before.filter((name) => !named.includes(name))) {
      removeOwnFile(join(this.#folder, name));
    }
  }

  /**
   * Lets the names of files take a turn without a state, so that after the next save they are those of a run that has saved one state
   * more. Until then the document says so: who goes on from it takes the turn back.
   * @param numbers of the state that was saved last, between two tasks
   */
  takeTurn(numbers: StateNumbers): void {
    const before = this.#learned;
    if (before?.sha256 === undefined || this.#task !== undefined) return;
    const { file, sha256 = before.sha256, numbers: learner } = this.#passOn();
    const path = join(this.#folder, RUN_FILES.checkpoint);
    writeWhole(path, this.#settingsHash, numbers, { file, sha256, numbers: learner }, true);
    this.#learned = { file, sha256, numbers: learner };
    if (file !== before.file) removeOwnFile(join(this.#folder, before.file));
  }

  #content(
    { progress, metricsBytes, metricsSha256, actionRng }: StateNumbers,
    arrays: PartsDocument["arrays"],
    learner: LearnedFile["numbers"],
    current: PartsDocument["current"],
  ): Omit<PartsDocument, "sha256"> {
    return {
      schema: CHECKPOINT_SCHEMAS.parts,
      settingsHash: this.#settingsHash,
      arrays,
      progress,
      metricsBytes,
      ...(metricsSha256 !== undefined && { metricsSha256 }),
      learner: { ...learner },
      actionRng: mutable(actionRng),
      ...(current && { current }),
    };
  }

  #writeLearned(learned: LearnedState): LearnedFile {
    const file = nextName(CHECKPOINT_FILES.learned, this.#learned?.file);
    const sha256 = writeArrays(join(this.#folder, file), learnedArrays(learned));
    return { file, sha256, numbers: learned.learner.numbers };
  }

  /**
   * The name takes its turn although the bytes stay, as in versions that wrote them each time: a finished run is the same file
   * by file.
   */
  #passOn(): LearnedFile {
    const before = this.#learned;
    const file = nextName(CHECKPOINT_FILES.learned, before?.file);
    if (before?.sha256 === undefined) return { file, sha256: undefined, numbers: {} };
    const linked = linkFile(join(this.#folder, before.file), join(this.#folder, file));
    return linked ? { ...before, file } : before;
  }

  #writeTask(task: TaskState): NonNullable<PartsDocument["current"]> {
    const { buffer, moments, planner, trained } = task;
    const file = nextName(CHECKPOINT_FILES.task, this.#task?.arrays);
    const transitions = this.#transitions.save(buffer);
    return {
      bufferAdded: buffer.added,
      momentsCount: moments.inputs.count,
      plannerRng: mutable(planner.rng),
      trained,
      arrays: { file, sha256: writeArrays(join(this.#folder, file), taskArrays(task)) },
      transitions,
    };
  }
}

/** Writes a state between two tasks into a folder, in two files of these names. */
export function writeTaskState(
  folder: string,
  files: CheckpointFiles,
  settingsHash: string,
  numbers: StateNumbers,
  learned: LearnedState,
): void {
  const file = fileName.parse(files.arrays);
  const sha256 = writeArrays(join(folder, file), learnedArrays(learned));
  const written = { file, sha256, numbers: learned.learner.numbers };
  writeWhole(join(folder, files.document), settingsHash, numbers, written);
}

/** The document of a state whose arrays are in one file. */
function writeWhole(
  path: string,
  settingsHash: string,
  { progress, metricsBytes, metricsSha256, actionRng }: StateNumbers,
  { file, sha256, numbers }: LearnedFile & { readonly sha256: string },
  extraTurn = false,
): void {
  const content: Omit<WholeDocument, "sha256"> = {
    schema: CHECKPOINT_SCHEMAS.whole,
    settingsHash,
    arrays: { file, sha256 },
    progress,
    metricsBytes,
    ...(metricsSha256 !== undefined && { metricsSha256 }),
    learner: { ...numbers },
    actionRng: mutable(actionRng),
    ...(extraTurn && { extraTurn }),
  };
  writeCheckpointDocument(path, content);
}

/** @returns the hash of the file */
function writeArrays(path: string, arrays: Readonly<Record<string, Tensor>>): string {
  const bytes = encodeSafetensors(arrays);
  writeFileSafely(path, bytes);
  return hashOf(bytes);
}

function mutable({ path, words }: RngState): { path: string; words: number[] } {
  return { path, words: [...words] };
}

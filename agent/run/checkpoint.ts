import { dirname, join } from "node:path";
import { readGivenFile } from "../../sim/core/documents.js";
import { InputError } from "../../sim/core/errors.js";
import { largest } from "../../sim/core/extremes.js";
import { LARGEST } from "../../sim/core/own-files.js";
import type { RngState } from "../../sim/core/rng.js";
import { decodeSafetensors } from "../../sim/core/safetensors.js";
import type { TaskSpec } from "../../sim/task.js";
import type { AgentState, LearnedState, TaskState } from "../agent-state.js";
import { ReplayBuffer } from "../model/replay-buffer.js";
import { Schedule } from "../settings/schedule.js";
import type { Settings } from "../settings/schema.js";
import { fillFromArrays, rebuildLearned, rebuildTask, type TasksBegun } from "./checkpoint-arrays.js";
import {
  CHECKPOINT_SCHEMAS,
  type CheckpointDocument,
  hashOf,
  type PartsDocument,
  type Progress,
  readCheckpointDocument,
  type WholeDocument,
} from "./checkpoint-document.js";
import { CHECKPOINT_ERROR, damaged, SavedArrays } from "./read-arrays.js";
import { readTransitions, type WrittenTransitions } from "./transitions-file.js";

/** Where a run without a checkpoint begins. */
export const BEGINNING: Progress = { stage: "baseline", task: 0, steps: 0, episode: 0, evaluated: 0 };

/** A run's state between two episodes. */
export interface Checkpoint {
  readonly progress: Progress;
  /** Length of the metrics log, so that a resumed run cuts off what came later. */
  readonly metricsBytes: number;
  /** Hash of the log up to there, hexadecimal; earlier versions did not save it. */
  readonly metricsSha256?: string | undefined;
  readonly agent: AgentState;
  readonly actionRng: RngState;
}

/** A file of arrays of what was learned. */
export interface LearnedFile {
  /** Its name, also of one that is not there because nothing was learned yet. */
  readonly file: string;
  readonly sha256: string | undefined;
  /** The learner's numbers that belong to it. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** Which files a checkpoint names. */
export interface CheckpointParts {
  readonly learned: LearnedFile;
  /** Undefined where no task is being learned, or all is in the file of what was learned. */
  readonly task: { readonly file: string; readonly transitions: WrittenTransitions } | undefined;
  /** Whether their names have taken one turn more than states were saved; see `CheckpointWriter.takeTurn`. */
  readonly extraTurn?: true | undefined;
}

/** A checkpoint as read, and its files. */
export interface SavedCheckpoint extends Checkpoint {
  readonly parts: CheckpointParts;
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
  if (document.settingsHash !== settingsHash)
    throw ofOtherSettings(path, document.settingsHash, settingsHash);
  const schedule = new Schedule(settings);
  checkProgress(path, document, settings, schedule);
  const buffer = new ReplayBuffer(spec, settings.loop.bufferCapacity, settings.dynamics.history);
  const { progress, metricsBytes, metricsSha256, actionRng } = document;
  const state =
    document.schema === CHECKPOINT_SCHEMAS.whole
      ? readWhole(dirname(path), document, { buffer, settings, schedule })
      : readParts(path, document, { buffer, settings, schedule });
  return { progress, metricsBytes, metricsSha256, actionRng, ...state };
}

/** The error of a checkpoint's document that was written with other settings. */
export function ofOtherSettings(path: string, got: string, expected: string): InputError {
  return new InputError({
    what: `Checkpoint ${path} belongs to other settings`,
    got: `settings hash ${got.slice(0, 12)}`,
    expected: expected.slice(0, 12),
    todo: "Restore the run's own settings.json, or start a new run",
  });
}

/** The error of a checkpoint's arrays that have another hash than their document says. */
export function damagedArrays(
  path: string,
  got: string,
  expected: string,
  todo = CHECKPOINT_ERROR.todo,
): InputError {
  return new InputError({
    what: `Checkpoint arrays ${path} are damaged`,
    got: `hash ${got.slice(0, 12)}`,
    expected: `hash ${expected.slice(0, 12)}`,
    todo,
  });
}

type SavedState = Pick<SavedCheckpoint, "agent" | "parts">;

/** What a state must fit. */
interface OfRun {
  /** Empty; takes the transitions. */
  readonly buffer: ReplayBuffer;
  readonly settings: Settings;
  readonly schedule: Schedule;
}

function readWhole(
  folder: string,
  { arrays, learner, progress, current, extraTurn }: WholeDocument,
  { buffer, settings, schedule }: OfRun,
): SavedState {
  const saved = readArrays(folder, arrays);
  const learned = rebuildLearned(saved, learner, tasksBegun(progress, settings, schedule), buffer);
  const parts = { learned: { ...arrays, numbers: learner }, task: undefined, extraTurn };
  if (current === undefined) return { agent: { learned, current }, parts };
  fillFromArrays(buffer, saved, current);
  const task: TaskState = { buffer, ...rebuildTask(saved, current, buffer, settings), trained: true };
  return { agent: { learned, current: task }, parts };
}

function readParts(
  path: string,
  { arrays, learner, progress, current }: PartsDocument,
  { buffer, settings, schedule }: OfRun,
): SavedState {
  const folder = dirname(path);
  const { file, sha256 } = arrays;
  checkLearned(path, progress, sha256 !== undefined, current?.trained ?? false);
  const learned: LearnedState | undefined =
    sha256 === undefined
      ? undefined
      : rebuildLearned(
          readArrays(folder, { file, sha256 }),
          learner,
          tasksBegun(progress, settings, schedule),
          buffer,
        );
  const learnedFile: LearnedFile = { file, sha256, numbers: learner };
  if (current === undefined) {
    return { agent: { learned, current }, parts: { learned: learnedFile, task: undefined } };
  }
  const saved = readArrays(folder, current.arrays);
  const transitions = readTransitions(folder, current.transitions, buffer, current.bufferAdded);
  const { trained } = current;
  const task: TaskState = { buffer, ...rebuildTask(saved, current, buffer, settings), trained };
  return {
    agent: { learned, current: task },
    parts: { learned: learnedFile, task: { file: current.arrays.file, transitions } },
  };
}

function readArrays(
  folder: string,
  { file, sha256 }: { readonly file: string; readonly sha256: string },
): SavedArrays {
  const path = join(folder, file);
  const bytes = readGivenFile(path, LARGEST.arrays, CHECKPOINT_ERROR);
  const found = hashOf(bytes);
  if (found !== sha256) throw damagedArrays(path, found, sha256);
  return new SavedArrays(path, decodeSafetensors(bytes, path).tensors);
}

/** How many tasks a run that stands there may have begun. */
function tasksBegun({ stage, task: visit }: Progress, { loop }: Settings, schedule: Schedule): TasksBegun {
  if (stage === "baseline") return { fewest: 0, most: 0, place: "before the first task" };
  if (loop.boundaries === "detected") {
    const fewest = stage === "learn" && visit === 0 ? 0 : 1;
    return { fewest, most: loop.mostTasks, place: "found" };
  }
  const most = schedule.begun(visit);
  // What was learned is saved before a visit has changed it, too.
  const fewest = stage === "learn" ? schedule.begun(visit - 1) : most;
  return { fewest, most, place: `in ${schedule.isOnce ? "task" : "visit"} ${visit + 1}` };
}

/** Nothing was learned yet before the first task's first training session, and at no other time. */
function checkLearned(path: string, { stage, task }: Progress, learned: boolean, trained: boolean): void {
  if (learned || stage === "baseline" || (stage === "learn" && task === 0 && !trained)) return;
  throw damaged(path, `nothing learned in task ${task + 1}`);
}

/** Checks that a run with these settings can be where a checkpoint says. */
function checkProgress(
  path: string,
  { progress, current }: CheckpointDocument,
  { tasks }: Settings,
  schedule: Schedule,
): void {
  const { stage, task, steps, episode, evaluated } = progress;
  const check = (name: string, got: number, limit: number) => {
    if (got > limit) throw damaged(path, `progress.${name}: ${got}, where the run has at most ${limit}`);
  };
  check("task", task, stage === "baseline" ? tasks - 1 : schedule.visits.length - 1);
  check("steps", steps, stage === "learn" ? schedule.steps(task) - 1 : 0);
  check("episode", episode, stage === "learn" ? steps : 0);
  const evaluates = stage === "evaluate" || stage === "done";
  check("evaluated", evaluated, evaluates ? largest(schedule.seen(task)) : 0);
  const learning = stage === "learn" && steps > 0;
  if (learning && current === undefined) throw damaged(path, "no replay buffer in the middle of a task");
}

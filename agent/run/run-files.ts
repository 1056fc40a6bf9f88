import { existsSync, mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { basename, join } from "node:path";
import { InputError } from "../../sim/core/errors.js";
import { isTemporaryOf } from "../../sim/core/files.js";
import { folderInside, removeOwnFile } from "../../sim/core/own-files.js";
import type { Settings } from "../settings/schema.js";
import type { Progress } from "./checkpoint.js";
import { baselineFile, evaluationFile, FAILED_FILE, learningFile, RECORDINGS } from "./recording-names.js";
import type { MetricsRecord } from "./records.js";

/** Files in the root of a run folder that are written whole. */
export const RUN_FILES = {
  settings: "settings.json",
  versions: "versions.json",
  checkpoint: "checkpoint.json",
  evaluation: "evaluation.json",
  /** Says that recordings hold plans. It is no setting: no other byte of a run depends on it. */
  recording: "recording.json",
} as const;

/** Folder of the states after each task. */
export const TASK_STATES = "checkpoints";

/**
 * The arrays of `checkpoint.json` take turns with two names: those of the checkpoint before are there until the new one
 * is whole, and a process killed in between leaves no name that another does not know.
 */
const ARRAYS = ["checkpoint-a.safetensors", "checkpoint-b.safetensors"] as const;

/** Name of the arrays that are written next. @param now those that the checkpoint names */
export function nextArrays(now: string | undefined): string {
  return now === ARRAYS[0] ? ARRAYS[1] : ARRAYS[0];
}

/** Names of the state after a task, 0-based: the document and its arrays, inside the folder of states. */
export function taskStateFiles(task: number): { readonly document: string; readonly arrays: string } {
  return { document: `task-${task + 1}.json`, arrays: `task-${task + 1}.safetensors` };
}

/** Folders that a run writes in. */
const FOLDERS = [RECORDINGS, TASK_STATES, "tensorboard", "tensorboard/timing"];

/**
 * Sees to it that what a run writes goes into folders of its own.
 * @throws InputError when one of them is a link or no folder
 */
export function checkFolders(folder: string): void {
  mkdirSync(join(folder, RECORDINGS), { recursive: true });
  for (const inside of FOLDERS) {
    if (existsSync(join(folder, inside))) folderInside(folder, inside);
  }
}

/** What a process that was killed can have left in a run folder. */
export interface Leftovers {
  /** Paths of what the continued run writes again. */
  readonly own: readonly string[];
  /** Paths of what it does not know: neither the log nor the checkpoint leads to such names. */
  readonly foreign: readonly string[];
}

/**
 * Looks through a run folder that is to be continued.
 * @param progress where it is continued
 * @param records of its log up to there
 * @param arrays name of the arrays that the checkpoint names
 */
export function findLeftovers(
  folder: string,
  settings: Settings,
  progress: Progress,
  records: readonly MetricsRecord[],
  arrays: string | undefined,
): Leftovers {
  const own: string[] = [];
  const foreign: string[] = [];
  const sort = (inside: string, names: readonly string[], isOwn: (name: string) => boolean) => {
    const isLeft = (name: string) => isOwn(name) || isTemporaryOf(name, isOwn);
    for (const name of names) (isLeft(name) ? own : foreign).push(join(folder, inside, name));
  };
  const temporary = (inside: string, isOwn: (name: string) => boolean) =>
    sort(inside, list(folder, inside).filter(isTemporary), (name) => isTemporaryOf(name, isOwn));

  const logged = new Set(records.flatMap((r) => ("recording" in r ? [basename(r.recording)] : [])));
  const written = new Set(recordingsOf(progress, settings.loop.evaluationEpisodes));
  const unlogged = list(folder, RECORDINGS).filter((name) => !logged.has(name));
  sort(RECORDINGS, unlogged, (name) => written.has(name));

  const unnamed = (ARRAYS as readonly string[]).filter((name) => name !== arrays);
  const roots = new Set<string>([...Object.values(RUN_FILES), ...ARRAYS]);
  sort(
    "",
    list(folder, "").filter((name) => unnamed.includes(name)),
    () => true,
  );
  temporary("", (name) => roots.has(name));
  temporary(TASK_STATES, (name) => /^task-\d+\.(json|safetensors)$/.test(name));
  for (const inside of ["tensorboard", "tensorboard/timing"]) {
    temporary(inside, (name) => name.startsWith("events.out.tfevents."));
  }
  return { own, foreign };
}

/**
 * Removes what a process that was killed while it made a run folder left there: nothing was saved yet.
 * @throws InputError when the folder holds anything else
 */
export function clearUnbegun(folder: string): void {
  const isMade = (name: string) => name === RUN_FILES.versions || name === RUN_FILES.recording;
  const isOwn = (name: string) =>
    isMade(name) || isTemporaryOf(name, (file) => isMade(file) || file === RUN_FILES.settings);
  const names = list(folder, "").filter((name) => name !== RECORDINGS || list(folder, RECORDINGS).length > 0);
  const other = names.find((name) => !isOwn(name));
  if (other !== undefined) {
    throw new InputError({
      what: `Folder ${folder} is no run`,
      got: `${other} in it and no ${RUN_FILES.settings}`,
      expected: "a run, or a folder that holds nothing yet",
      todo: "Move the folder away to begin that run anew",
    });
  }
  for (const name of names) removeOwnFile(join(folder, name));
  if (existsSync(join(folder, RECORDINGS))) rmdirSync(folderInside(folder, RECORDINGS));
}

/** Removes what a killed process left. */
export function removeLeftovers({ own }: Leftovers): void {
  for (const path of own) removeOwnFile(path);
}

/** Names of the recordings that a run writes until its next checkpoint. */
function recordingsOf({ stage, task, episode, evaluated }: Progress, episodes: number): string[] {
  const each = (name: (episode: number) => string) => Array.from({ length: episodes }, (_, e) => name(e));
  const names = {
    baseline: () => each((e) => baselineFile(task, e)),
    learn: () => [learningFile(task, "random", episode), learningFile(task, "train", episode)],
    evaluate: () => each((e) => evaluationFile(task, evaluated, e)),
    done: () => [],
  }[stage]();
  return [...names, FAILED_FILE];
}

function isTemporary(name: string): boolean {
  return name.endsWith(".tmp");
}

function list(folder: string, inside: string): string[] {
  const path = join(folder, inside);
  return existsSync(path) ? readdirSync(path) : [];
}

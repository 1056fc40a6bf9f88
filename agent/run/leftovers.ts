import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { basename, join } from "node:path";
import { InputError } from "../../sim/core/errors.js";
import { isTemporaryOf } from "../../sim/core/files.js";
import { checkOwnFile, checkOwnFolder, folderInside, removeOwnFile } from "../../sim/core/own-files.js";
import type { Settings } from "../settings/schema.js";
import type { Progress } from "./checkpoint-document.js";
import {
  baselineFile,
  evaluationFile,
  FAILED_FILE,
  isLearningFile,
  learningFile,
  RECORDINGS,
} from "./recording-names.js";
import type { MetricsRecord } from "./records.js";
import { CHECKPOINT_NAMES, CURVES, HASHES, isTemporary, LOGS, RUN_FILES, TASK_STATES } from "./run-files.js";

/** Folders that a run writes in. */
const FOLDERS = [RECORDINGS, TASK_STATES, CURVES.repeating, CURVES.timing];

/** Files that a run writes in its root. */
const FILES = [
  ...Object.values(RUN_FILES),
  ...CHECKPOINT_NAMES,
  ...Object.values(LOGS),
  ...Object.values(HASHES),
];

/**
 * Checks that what a run writes goes into folders and files of its own, before it is continued rather than at the first episode's end.
 * @throws InputError when one of them is a link or of another kind
 */
export function checkPlaces(folder: string): void {
  for (const inside of FOLDERS) checkOwnFolder(folder, inside);
  for (const file of FILES) checkOwnFile(folder, file);
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
 * @param named files that the checkpoint names
 */
export function findLeftovers(
  folder: string,
  settings: Settings,
  progress: Progress,
  records: readonly MetricsRecord[],
  named: readonly string[],
): Leftovers {
  const logged = new Set(records.flatMap((r) => ("recording" in r ? [basename(r.recording)] : [])));
  const names = new Set(recordingsOf(progress, settings.loop.evaluationEpisodes));
  const beside = visitBegunBeside(progress);
  const written = (name: string) => names.has(name) || (beside !== undefined && isLearningFile(name, beside));
  const isUnnamed = among(CHECKPOINT_NAMES.filter((name) => !named.includes(name)));
  const isCurves = (name: string) => name === CURVES.file;
  const looks: readonly Look[] = [
    {
      inside: RECORDINGS,
      looksAt: (name) => !logged.has(name),
      isOwn: (name) => written(name) || isTemporaryOf(name, written),
    },
    { inside: "", looksAt: isUnnamed, isOwn: isUnnamed },
    temporaries("", among([...Object.values(RUN_FILES), ...Object.values(HASHES), ...CHECKPOINT_NAMES])),
    temporaries(TASK_STATES, (name) => /^task-\d+\.(json|safetensors)$/.test(name)),
    temporaries(CURVES.repeating, isCurves),
    temporaries(CURVES.timing, isCurves),
  ];
  const found = looks.flatMap(({ inside, looksAt, isOwn }) =>
    list(folder, inside)
      .filter(looksAt)
      .map((name) => ({ path: join(folder, inside, name), own: isOwn(name) })),
  );
  const paths = (own: boolean) => found.filter((one) => one.own === own).map(({ path }) => path);
  return { own: paths(true), foreign: paths(false) };
}

/** What is looked at in one folder of a run, and which of it the run writes again. */
interface Look {
  readonly inside: string;
  readonly looksAt: (name: string) => boolean;
  readonly isOwn: (name: string) => boolean;
}

/** Looks at temporary names: those of the files given are the run's own. */
function temporaries(inside: string, isFile: (name: string) => boolean): Look {
  return { inside, looksAt: isTemporary, isOwn: (name) => isTemporaryOf(name, isFile) };
}

function among(names: readonly string[]): (name: string) => boolean {
  return (name) => names.includes(name);
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

/** The visit of which several episodes may have been learned since the checkpoint, see `OverlappedEvaluation`. */
function visitBegunBeside({ stage, task, steps }: Progress): number | undefined {
  if (stage === "evaluate") return task + 1;
  return stage === "learn" && steps === 0 ? task : undefined;
}

function list(folder: string, inside: string): string[] {
  const path = join(folder, inside);
  return existsSync(path) ? readdirSync(path) : [];
}

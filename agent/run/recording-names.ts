import { isFileName } from "../../sim/core/file-name.js";

/** Folder of a run's recordings inside the run folder. */
export const RECORDINGS = "episodes";

/** What was recorded of an episode before it failed. */
export const FAILED_FILE = "failed.mcap";

/** File of an episode of the random policy, from 0-based indices. */
export function baselineFile(task: number, episode: number): string {
  return `baseline-${label(task)}-${label(episode)}.mcap`;
}

/** File of a learning episode, from 0-based indices. */
export function learningFile(visit: number, phase: "random" | "train", episode: number): string {
  return `${label(visit)}-${phase}-${label(episode, 4)}.mcap`;
}

/** Whether a name is that of a learning episode of a visit. */
export function isLearningFile(name: string, visit: number): boolean {
  const match = /^(.*)-(random|train)-\d{4,}\.mcap$/.exec(name);
  return match?.[1] === label(visit);
}

/** File of an evaluation episode, from 0-based indices. */
export function evaluationFile(afterVisit: number, task: number, episode: number): string {
  return `${label(afterVisit)}-evaluate-${label(task)}-${label(episode)}.mcap`;
}

/** File of an episode that the oracle played, from 0-based indices. */
export function oracleFile(task: number, episode: number): string {
  return `oracle-${label(task)}-${label(episode)}.mcap`;
}

/** Path of a recording inside the run folder, as the logs name it. */
export function recordingPath(file: string): string {
  return `${RECORDINGS}/${file}`;
}

/** Whether a log's path of a recording leads to a file in the folder of recordings. */
export function isRecordingPath(path: string): boolean {
  const folder = `${RECORDINGS}/`;
  return path.startsWith(folder) && isFileName(path.slice(folder.length));
}

/** Numbers from 1, with leading zeros so that files sort. */
function label(index: number, width = 2): string {
  return String(index + 1).padStart(width, "0");
}

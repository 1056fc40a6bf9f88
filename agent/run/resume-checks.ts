import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../sim/core/errors.js";
import { hashOfFile } from "../../sim/core/file-hash.js";
import { checkOwnFile } from "../../sim/core/own-files.js";
import { damagedArrays, ofOtherSettings, type SavedCheckpoint } from "./checkpoint.js";
import { type Progress, readCheckpointDocument } from "./checkpoint-document.js";
import { metricsAfter, metricsPath } from "./read-log.js";
import { type MetricsRecord, visitOf } from "./records.js";
import { type CheckpointFiles, RUN_FILES, TASK_STATES, taskStateFiles } from "./run-files.js";

/**
 * Describes records that can only have been written after a first checkpoint; undefined if there are none. A run saves its state for
 * the first time when the first task's random policy has been measured.
 */
export function savedBefore(folder: string): string | undefined {
  const records = metricsAfter(folder, 0);
  const later = records.filter((r) => !(r.type === "baseline" && r.taskIndex === 0)).length;
  const evaluated = existsSync(join(folder, RUN_FILES.evaluation));
  if (later === 0 && !evaluated) return undefined;
  const found = [
    ...(records.length > 0 ? [`a log of ${records.length} records`] : []),
    ...(evaluated ? [RUN_FILES.evaluation] : []),
  ];
  return found.join(" and ");
}

/**
 * A run that went further than to its first checkpoint has lost it, and beginning anew would write over what it holds.
 * @throws InputError when the run has saved its state before
 */
export function checkNothingSaved(folder: string): void {
  const got = savedBefore(folder);
  if (got === undefined) return;
  throw new InputError({
    what: `${join(folder, RUN_FILES.checkpoint)} is missing`,
    got,
    expected: "the state that the run was saved with",
    todo: "Restore the file and its arrays from a copy. Without them the run can be reported and replayed, and not continued",
  });
}

/**
 * Between two checkpoints a run writes the records of one unit of work. More of them mean that the checkpoint is an
 * older one than the log's, and continuing would cut them off. At the beginning of a visit there can be several episodes: those that were
 * learned while the evaluation before was played, see `OverlappedEvaluation`.
 * @throws InputError when the log goes on further than that
 */
export function checkNewest(folder: string, { progress, metricsBytes }: SavedCheckpoint): void {
  const { stage, task: place, steps, evaluated } = progress;
  const later = metricsAfter(folder, metricsBytes);
  const inUnit = (r: MetricsRecord) => {
    if (stage === "done") return false;
    if (stage === "learn") return r.type !== "baseline" && !("afterTask" in r) && visitOf(r) === place;
    if (stage === "baseline") return r.type === "baseline" && r.taskIndex === place;
    return "afterTask" in r && r.afterTask === place && r.taskIndex === evaluated;
  };
  const episodes = later.filter((r) => r.type === "episode").length;
  const begins = stage === "learn" && place > 0 && steps === 0;
  if (later.every(inUnit) && (episodes <= 1 || begins)) return;
  throw new InputError({
    what: `${join(folder, RUN_FILES.checkpoint)} is older than the run's log`,
    got: `${later.length} records after it`,
    expected: "those of one episode or evaluation",
    todo: `Restore the newest checkpoint. To go back to this one, cut ${metricsPath(folder)} to its first ${metricsBytes} bytes in a copy of the folder`,
  });
}

/**
 * A run does not need the states after its earlier tasks to go on. But when it ends it notes the hashes of all its files, and
 * must not vouch for a damaged one. States that were deleted, document and arrays, are missing and no more.
 * @throws InputError when one is damaged, of other settings, or there in part
 */
export function checkTaskStates(folder: string, settingsHash: string, { stage, task }: Progress): void {
  const saved = stage === "evaluate" || stage === "done" ? task + 1 : task;
  for (let t = 0; t < saved; t++) checkTaskState(folder, settingsHash, taskStateFiles(t));
}

const TASK_STATE_TODO =
  "Restore it from a copy, or delete both files of that state, which the run does not need to go on";

function checkTaskState(folder: string, settingsHash: string, files: CheckpointFiles): void {
  const states = join(folder, TASK_STATES);
  const all = Object.values(files);
  for (const name of all) checkOwnFile(states, name);
  const lost = all.filter((name) => !existsSync(join(states, name)));
  if (lost.length === all.length) return;
  const [missing] = lost;
  if (missing !== undefined) {
    throw new InputError({
      what: `${join(states, missing)} is missing`,
      got: "the other file of that state",
      expected: `${files.document} and ${files.arrays}`,
      todo: TASK_STATE_TODO,
    });
  }
  const path = join(states, files.document);
  const document = readCheckpointDocument(path);
  if (document.settingsHash !== settingsHash)
    throw ofOtherSettings(path, document.settingsHash, settingsHash);
  const arrays = join(states, files.arrays);
  const { sha256 = "none" } = document.arrays;
  const found = hashOfFile(arrays);
  if (found !== sha256) {
    throw damagedArrays(arrays, found, sha256, TASK_STATE_TODO);
  }
}

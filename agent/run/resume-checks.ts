import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../sim/core/errors.js";
import type { SavedCheckpoint } from "./checkpoint.js";
import { metricsAfter, metricsPath } from "./read-log.js";
import type { MetricsRecord } from "./records.js";
import { RUN_FILES } from "./run-files.js";

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
 * older one than the log's, and continuing would cut them off.
 * @throws InputError when the log goes on further than that
 */
export function checkNewest(folder: string, { progress, metricsBytes }: SavedCheckpoint): void {
  const { stage, task, evaluated } = progress;
  const later = metricsAfter(folder, metricsBytes);
  const inUnit = (r: MetricsRecord) => {
    if (stage === "done") return false;
    if (stage === "learn") return r.taskIndex === task && r.type !== "baseline" && !("afterTask" in r);
    if (stage === "baseline") return r.type === "baseline" && r.taskIndex === task;
    return "afterTask" in r && r.afterTask === task && r.taskIndex === evaluated;
  };
  const episodes = later.filter((r) => r.type === "episode").length;
  if (later.every(inUnit) && episodes <= 1) return;
  throw new InputError({
    what: `${join(folder, RUN_FILES.checkpoint)} is older than the run's log`,
    got: `${later.length} records after it`,
    expected: "those of one episode or evaluation",
    todo: `Restore the newest checkpoint. To go back to this one, cut ${metricsPath(folder)} to its first ${metricsBytes} bytes in a copy of the folder`,
  });
}

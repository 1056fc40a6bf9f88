import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { isFinished } from "../../agent/run/finished.js";
import { readSettings } from "../../agent/run/read-run.js";
import { isRunFolder, RUN_FILES } from "../../agent/run/run-files.js";
import { HyperCrlError, UsageError } from "../../sim/core/errors.js";

/**
 * The finished run in a folder of runs that ended last, of those with so many tasks or more.
 * @throws UsageError where there is none
 */
export function newestRun(folder: string, leastTasks: number): string {
  const runs = (existsSync(folder) ? readdirSync(folder) : [])
    .map((name) => join(folder, name))
    .filter((run) => isRunFolder(run) && hasTasks(run, leastTasks));
  const [newest] = runs
    .map((run) => ({ run, ended: statSync(join(run, RUN_FILES.evaluation)).mtimeMs }))
    .sort((a, b) => b.ended - a.ended);
  if (newest !== undefined) return newest.run;
  throw new UsageError({
    what: `There is no finished run with ${leastTasks} tasks or more in ${folder}/`,
    got: existsSync(folder) ? "none among its folders" : "no such folder",
    expected: "a run that has learned its tasks",
    todo: "Give a run's folder, or make one with `hypercrl train --tasks 2`",
  });
}

/** Whether a run is finished and has so many tasks; one that cannot be read is none. */
function hasTasks(run: string, least: number): boolean {
  try {
    return isFinished(run) && readSettings(run).tasks >= least;
  } catch (error) {
    if (error instanceof HyperCrlError) return false;
    throw error;
  }
}

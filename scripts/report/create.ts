import { basename } from "node:path";
import type { ReportData } from "./data.js";
import { makePlayable } from "./playable.js";
import { reportData } from "./report.js";
import { readSource } from "./runs.js";
import { checkOutput, type ReportFiles, writeOutput } from "./write.js";

export interface CreatedReport {
  readonly files: ReportFiles;
  readonly data: ReportData;
}

/**
 * Writes the page of some runs, with the numbers and the episodes beside it; replaces an earlier report.
 * @param paths of run folders, or of sweep folders for all their runs
 * @param out path of the page
 * @param from label that differences are shown from; default the first
 * @param oracle path of the suite's oracle; default the one in a folder given, or that of the package
 * @throws UsageError when `out` cannot be the page or the runs do not compare, InputError when a run or the oracle cannot be read
 */
export function createReport(
  paths: readonly string[],
  out: string,
  from?: string,
  oracle?: string,
): CreatedReport {
  const files = checkOutput(out);
  const playable = makePlayable(reportData(readSource(paths), out, from, oracle), basename(files.episodes));
  writeOutput(files, playable);
  return { files, data: playable.data };
}

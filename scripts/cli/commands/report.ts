import { basename } from "node:path";
import { count } from "../../compare/tables.js";
import { makePlayable } from "../../report/playable.js";
import { reportData } from "../../report/report.js";
import { readSource } from "../../report/runs.js";
import { checkOutput, writeOutput } from "../../report/write.js";
import type { Io } from "../io.js";

export interface ReportFlags {
  /** Path of the page. */
  readonly out: string;
  /** Line that differences are shown from; default the first. */
  readonly differencesFrom?: string;
  readonly json?: boolean;
}

/** `hypercrl report`: a page of plots from run folders, with the numbers beside it. Returns the exit code. */
export async function reportCommand(
  paths: readonly string[],
  { out, differencesFrom, json }: ReportFlags,
  io: Io,
): Promise<number> {
  const files = checkOutput(out);
  const playable = makePlayable(
    reportData(readSource(paths), out, differencesFrom),
    basename(files.episodes),
  );
  const { data } = playable;
  writeOutput(files, playable);
  if (json) {
    io.out(JSON.stringify(data));
    return 0;
  }
  const open = data.runs.filter((run) => !run.finished).length + data.notBegun.length;
  if (open > 0) io.out(`${count(open, "run")} not finished: shown as far as they got.`);
  io.out(`Report of ${count(data.runs.length, "run")}: ${files.html}`);
  if (data.episodesPage !== null) {
    io.out(`Episodes: ${files.episodes}, ${count(data.episodesPage.episodes, "episode")}`);
  }
  io.out(`Numbers: ${files.csv}, ${files.json}`);
  return 0;
}

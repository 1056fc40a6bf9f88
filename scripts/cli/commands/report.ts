import { join } from "node:path";
import { count } from "../../../sim/core/count.js";
import { createReport } from "../../report/create.js";
import { REPORT_PAGE } from "../../report/page-name.js";
import { type Io, say } from "../io.js";

export interface ReportFlags {
  /** Path of the page; default `report.html` in the one folder given, of several in the current folder. */
  readonly out?: string;
  /** Line that differences are shown from; default the first. */
  readonly differencesFrom?: string;
  /** Path of the suite's oracle; default the one in a folder given, or that of the package. */
  readonly oracle?: string;
  readonly json?: boolean;
}

/** `hypercrl report`: a page of plots from run folders, with the numbers beside it. Returns the exit code. */
export async function reportCommand(
  paths: readonly string[],
  { out = defaultPage(paths), differencesFrom, oracle, json }: ReportFlags,
  io: Io,
): Promise<number> {
  const { files, data } = createReport(paths, out, differencesFrom, oracle);
  if (json) {
    io.out(JSON.stringify(data));
    return 0;
  }
  const open = data.runs.filter((run) => !run.finished).length + data.notBegun.length;
  if (open > 0) say(io, `${count(open, "run")} not finished: shown as far as they got.`);
  say(io, `Report of ${count(data.runs.length, "run")}: ${files.html}`);
  if (data.episodesPage !== null) {
    say(io, `Episodes: ${files.episodes}, ${count(data.episodesPage.episodes, "episode")}`);
  }
  say(io, `Numbers: ${files.csv}, ${files.json}`);
  return 0;
}

function defaultPage(paths: readonly string[]): string {
  const [folder, ...more] = paths;
  return folder === undefined || more.length > 0 ? REPORT_PAGE : join(folder, REPORT_PAGE);
}

import { count } from "../../compare/text.js";
import { createReport } from "../../report/create.js";
import { type Io, say } from "../io.js";

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
  const { files, data } = createReport(paths, out, differencesFrom);
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

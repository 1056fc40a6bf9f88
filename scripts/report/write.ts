import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { documentText } from "../../sim/core/documents.js";
import { UsageError } from "../../sim/core/errors.js";
import { writeFileSafely } from "../../sim/core/files.js";
import { exportedPage } from "../viewer/export.js";
import { CSV_HEAD, reportCsv } from "./csv.js";
import { reportHtml } from "./document.js";
import type { Playable } from "./playable.js";

export interface ReportFiles {
  readonly html: string;
  /** The page that plays episodes, written when there are any. */
  readonly episodes: string;
  readonly csv: string;
  readonly json: string;
}

/** What the beginning of each file of a report looks like. */
const OURS: Readonly<Record<keyof ReportFiles, RegExp>> = {
  html: /<meta name="generator" content="hypercrl [^"]* report">/,
  episodes: /<meta name="generator" content="hypercrl [^"]* report episodes">/,
  csv: new RegExp(`^${CSV_HEAD}\n`),
  json: /^\{\n {2}"schema": \d+,\n {2}"generator": "hypercrl [^"]* report",/,
};
const BEGINNING = 1000;

/**
 * The files of a report whose page has this path.
 * @throws UsageError when the path does not end in .html, or something else than an earlier report is there
 */
export function checkOutput(out: string): ReportFiles {
  if (!out.endsWith(".html")) {
    throw new UsageError({
      what: "--out names the page of the report",
      got: out,
      expected: "a name ending in .html",
    });
  }
  const base = out.slice(0, -".html".length);
  const files: ReportFiles = {
    html: out,
    episodes: `${base}-episodes.html`,
    csv: `${base}.csv`,
    json: `${base}.json`,
  };
  for (const kind of ["html", "episodes", "csv", "json"] as const) checkReplaceable(files[kind], OURS[kind]);
  return files;
}

function checkReplaceable(path: string, ours: RegExp): void {
  if (!existsSync(path)) return;
  if (statSync(path).isFile() && ours.test(readFileSync(path, "utf8").slice(0, BEGINNING))) return;
  throw new UsageError({
    what: `${path} exists and is no earlier report`,
    expected: "a new path, or a report to replace",
    todo: "Choose another --out",
  });
}

/**
 * The page last: where it is, the numbers and the episodes are. Where one of them cannot be written, those that were new
 * are taken away again.
 */
export function writeOutput(files: ReportFiles, { data, embedded }: Playable): void {
  const texts: readonly (readonly [path: string, text: string])[] = [
    ...(embedded === undefined
      ? []
      : [[files.episodes, exportedPage(embedded, `${data.generator} episodes`)] as const]),
    [files.json, documentText(data)],
    [files.csv, reportCsv(data)],
    [files.html, reportHtml(data)],
  ];
  // Links of an earlier report would lead to other runs.
  if (embedded === undefined) rmSync(files.episodes, { force: true });
  const created: string[] = [];
  try {
    for (const [path, text] of texts) {
      const isNew = !existsSync(path);
      writeFileSafely(path, text);
      if (isNew) created.push(path);
    }
  } catch (error) {
    for (const path of created) rmSync(path, { force: true });
    throw error;
  }
}

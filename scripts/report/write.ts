import { existsSync, readFileSync, statSync } from "node:fs";
import { UsageError } from "../../sim/core/errors.js";
import { writeFileSafely } from "../../sim/core/files.js";
import { CSV_HEAD, reportCsv } from "./csv.js";
import type { ReportData } from "./data.js";
import { reportHtml } from "./document.js";

export interface ReportFiles {
  readonly html: string;
  readonly csv: string;
  readonly json: string;
}

/** What the beginning of each file of a report looks like. */
const OURS: Readonly<Record<keyof ReportFiles, RegExp>> = {
  html: /<meta name="generator" content="hypercrl [^"]* report">/,
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
  const files: ReportFiles = { html: out, csv: `${base}.csv`, json: `${base}.json` };
  for (const kind of ["html", "csv", "json"] as const) checkReplaceable(files[kind], OURS[kind]);
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

/** The page last: where it is, the numbers are. */
export function writeOutput(files: ReportFiles, data: ReportData): void {
  const page = reportHtml(data);
  writeFileSafely(files.json, `${JSON.stringify(data, null, 2)}\n`);
  writeFileSafely(files.csv, reportCsv(data));
  writeFileSafely(files.html, page);
}

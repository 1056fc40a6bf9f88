import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../sim/core/errors.js";
import { readFirstLine, readJsonl } from "../../sim/core/jsonl.js";
import { LARGEST, readRegularFile } from "../../sim/core/own-files.js";
import { parseJson } from "../../sim/core/parse-json.js";
import { problemOf } from "../../sim/core/problem.js";
import { isThere } from "../../sim/core/system-errors.js";
import type { Schedule } from "../settings/schedule.js";
import { wrongPlace } from "./record-place.js";
import { LOG_VERSION, logHeadSchema, type MetricsRecord, metricsSchema } from "./records.js";
import { LOGS } from "./run-files.js";
import { type TimingRecord, timingSchema } from "./timing-records.js";

export function metricsPath(folder: string): string {
  return join(folder, LOGS.metrics);
}

export function timingPath(folder: string): string {
  return join(folder, LOGS.timing);
}

/**
 * All records of a run's `metrics.jsonl` so far; a torn last line is left out.
 * @param schedule of the run, for readers that count on every record to belong to it
 * @throws InputError when the log is missing, damaged or of a newer version
 */
export function readMetrics(folder: string, schedule?: Schedule): MetricsRecord[] {
  return readLog(metricsPath(folder), metricsSchema, schedule);
}

/**
 * All records of a run's `timing.jsonl` so far, none when there is no such log; a torn last line is left out.
 * @param schedule as for `readMetrics`
 * @throws InputError when the log is damaged or of a newer version
 */
export function readTiming(folder: string, schedule?: Schedule): TimingRecord[] {
  const path = timingPath(folder);
  return isThere(path) ? readLog(path, timingSchema, schedule) : [];
}

/**
 * The records of a run's `metrics.jsonl` that begin at a byte or later, none when there is no such log. Lines that are no
 * records are left out: what was written last may be damaged when the machine lost its power.
 * @throws InputError when the log cannot be read
 */
export function metricsAfter(folder: string, bytes: number): MetricsRecord[] {
  const path = metricsPath(folder);
  if (!existsSync(path)) return [];
  const lines = readRegularFile(path, LARGEST.log).subarray(bytes).toString("utf8").split("\n");
  return lines.map(parseMetricsLine).filter((record) => record !== undefined);
}

/** A whole line of a `metrics.jsonl` that may still be written; undefined for the first line and what is no record. */
export function parseMetricsLine(line: string): MetricsRecord | undefined {
  try {
    return metricsSchema.safeParse(parseJson(line)).data;
  } catch {
    return undefined;
  }
}

/** Records by type, each in the order of the log. */
export type ByType<Entry extends { readonly type: string }> = {
  readonly [Type in Entry["type"]]: Extract<Entry, { readonly type: Type }>[];
};

export function metricsByType(records: readonly MetricsRecord[]): ByType<MetricsRecord> {
  return {
    baseline: records.filter((r) => r.type === "baseline"),
    episode: records.filter((r) => r.type === "episode"),
    detection: records.filter((r) => r.type === "detection"),
    training: records.filter((r) => r.type === "training"),
    kept: records.filter((r) => r.type === "kept"),
    evaluation: records.filter((r) => r.type === "evaluation"),
    modelError: records.filter((r) => r.type === "modelError"),
  };
}

export function timingByType(records: readonly TimingRecord[]): ByType<TimingRecord> {
  return {
    training: records.filter((r) => r.type === "training"),
    planning: records.filter((r) => r.type === "planning"),
    usage: records.filter((r) => r.type === "usage"),
  };
}

/**
 * Checks that a log may be continued: its records are those that are written today.
 * @throws InputError when it is of a newer version
 */
export function checkLogVersion(path: string): void {
  checkHead(path, readFirstLine(path));
}

function readLog<Entry extends MetricsRecord | TimingRecord>(
  path: string,
  schema: z.ZodType<Entry>,
  schedule: Schedule | undefined,
): Entry[] {
  const { records } = readJsonl(path);
  checkHead(path, records[0]);
  const skipped = isHead(records[0]) ? 1 : 0;
  return records.slice(skipped).map((record, i) => {
    const line = i + skipped + 1;
    if (skipped > 0 && isHead(record)) throw damaged(path, line, "a second head line", "a record");
    const parsed = z.safeDecode(schema, record);
    if (!parsed.success) throw invalid(path, line, record, parsed.error);
    if (schedule !== undefined) checkPlace(path, line, parsed.data, schedule);
    return parsed.data;
  });
}

/** @throws InputError when a record cannot be of a run with this schedule */
function checkPlace(
  path: string,
  line: number,
  record: MetricsRecord | TimingRecord,
  schedule: Schedule,
): void {
  const wrong = wrongPlace(record, schedule);
  if (wrong !== undefined) throw damaged(path, line, wrong.got, wrong.expected);
}

/** Whether a line of a log is one that says the version. */
function isHead(line: unknown): boolean {
  return typeOf(line) === logHeadSchema.shape.type.value;
}

/** Checks the version where a log's first line says one. @throws InputError when it is a newer one */
function checkHead(path: string, first: unknown): void {
  if (!isHead(first)) return;
  const parsed = logHeadSchema.safeParse(first);
  if (!parsed.success) throw invalid(path, 1, first, parsed.error);
  const { version } = parsed.data;
  if (version <= LOG_VERSION) return;
  throw new InputError({
    what: `Log ${path} was written by a newer version of hypercrl`,
    got: `version ${version} of the log`,
    expected: `version ${LOG_VERSION} or an older one`,
    todo: "Use the version of hypercrl that wrote it; versions.json beside the log names it",
  });
}

function typeOf(record: unknown): string | undefined {
  if (typeof record !== "object" || record === null || !("type" in record)) return undefined;
  return typeof record.type === "string" ? record.type : undefined;
}

function invalid(path: string, line: number, record: unknown, error: z.ZodError): InputError {
  const type = typeOf(record);
  const expected = type === undefined ? "a record with a type" : `a record of type ${type}`;
  return damaged(path, line, problemOf(error), expected);
}

function damaged(path: string, line: number, got: string, expected: string): InputError {
  return new InputError({
    what: `Log ${path} is damaged in line ${line}`,
    got,
    expected,
    todo: "Restore the log from a copy, or do without this run",
  });
}

import { existsSync, readFileSync } from "node:fs";
import { metricsPath, parseMetricsLine } from "../../agent/run/read-log.js";
import { type MetricsRecord, visitOf } from "../../agent/run/records.js";
import { withRegularFile } from "../../sim/core/own-files.js";

/** Where a run is, by the newest record of its metrics. */
export interface RunPlace {
  /** What that record was of: the random policy, learning a task or evaluating after one. */
  readonly stage: "baseline" | "learn" | "evaluate";
  /** Task measured, or the visit that is learned or evaluated after, 0-based. */
  readonly index: number;
  /** Environment steps made in the visit; undefined outside learning. */
  readonly steps: number | undefined;
  /** Return of the last episode; undefined when something else was noted after it. */
  readonly return: number | undefined;
}

const TAIL_BYTES = 8192;

/** Where a run is, from the end of its metrics; undefined before its first episode. Cheap enough to ask every second. */
export function readPlace(folder: string): RunPlace | undefined {
  // A line longer than the tail is no record; the next will do.
  const record = parseMetricsLine(tail(metricsPath(folder)).split("\n").at(-2) ?? "");
  return record && placeOf(record);
}

function placeOf(record: MetricsRecord): RunPlace {
  switch (record.type) {
    case "baseline":
      return { stage: "baseline", index: record.taskIndex, steps: undefined, return: record.return };
    case "episode":
      return { stage: "learn", index: visitOf(record), steps: record.steps, return: record.return };
    case "detection":
    case "training":
      return { stage: "learn", index: visitOf(record), steps: record.steps, return: undefined };
    case "kept":
      return { stage: "evaluate", index: visitOf(record), steps: undefined, return: undefined };
    case "modelError":
      return { stage: "evaluate", index: record.afterTask, steps: undefined, return: undefined };
    case "evaluation":
      return { stage: "evaluate", index: record.afterTask, steps: undefined, return: record.return };
  }
}

/** What a process said last about its failure: its last error line, or its last line. */
export function lastError(log: string, from: number): string | undefined {
  if (!existsSync(log)) return undefined;
  const lines = readFileSync(log)
    .subarray(from)
    .toString("utf8")
    // Further rows of a line that was broken to fit a terminal.
    .replace(/\n {2}(?=\S)/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return lines.findLast((line) => /^(\w*Error|error): (?!This is a bug)/.test(line)) ?? lines.at(-1);
}

/** The end of a file as text; empty when there is no file. */
function tail(path: string): string {
  if (!existsSync(path)) return "";
  return withRegularFile(path, ({ size, read }) =>
    read(Math.max(size - TAIL_BYTES, 0), TAIL_BYTES).toString("utf8"),
  );
}

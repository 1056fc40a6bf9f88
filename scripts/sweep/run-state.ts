import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";

/** The newest record of a run's metrics, as far as it says where the run is. */
export interface RunPlace {
  readonly type: "baseline" | "episode" | "training" | "evaluation";
  /** Task being learned, or after which is evaluated, 0-based. */
  readonly taskIndex: number;
  /** Environment steps made in the task; undefined outside learning. */
  readonly steps: number | undefined;
  /** Return of the last episode. */
  readonly return: number | undefined;
}

const TAIL_BYTES = 8192;

/** Where a run is, from the end of its metrics; undefined before its first episode. Cheap enough to ask every second. */
export function readPlace(folder: string): RunPlace | undefined {
  const line = tail(join(folder, "metrics.jsonl")).split("\n").at(-2);
  if (line === undefined || line === "") return undefined;
  try {
    const { type, taskIndex, afterTask, steps, return: last } = JSON.parse(line);
    return { type, taskIndex: type === "evaluation" ? afterTask : taskIndex, steps, return: last };
  } catch {
    // A line longer than the tail; the next will do.
    return undefined;
  }
}

/** What a process said last about its failure: its last error line, or its last line. */
export function lastError(log: string, from: number): string | undefined {
  if (!existsSync(log)) return undefined;
  const lines = readFileSync(log)
    .subarray(from)
    .toString("utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return lines.findLast((line) => /^(\w*Error|error): (?!This is a bug)/.test(line)) ?? lines.at(-1);
}

/** The end of a file as text; empty when there is no file. */
function tail(path: string): string {
  if (!existsSync(path)) return "";
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const read = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return bytes.subarray(0, read).toString("utf8");
  } finally {
    closeSync(file);
  }
}

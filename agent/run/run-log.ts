import { existsSync } from "node:fs";
import { JsonlLog } from "../../sim/core/jsonl.js";
import type { Settings } from "../settings/schema.js";
import { checkLogVersion, metricsPath, readMetrics, readTiming, timingPath } from "./read-log.js";
import {
  isForMetrics,
  isForTiming,
  LOG_VERSION,
  logHeadSchema,
  metricsSchema,
  type RunEvent,
  timingSchema,
} from "./records.js";
import { Board } from "./tensorboard/board.js";

/** Where both logs are cut off to be continued, bytes. */
export interface LogSizes {
  readonly metrics: number;
  readonly timing: number;
}

/** Takes every event of a run once: writes what belongs to its logs and its curves, then tells those who listen. */
export class RunLog {
  readonly #metrics: JsonlLog;
  readonly #timing: JsonlLog;
  readonly #board: Board;
  readonly #listeners: ((event: RunEvent) => void)[] = [];

  /**
   * Begins the logs of a run folder, or continues them where `resumeAt` says. A log keeps the version it was begun with.
   * @throws InputError when a log is damaged, of a newer version or shorter than that; RunError when one cannot be opened
   */
  constructor(folder: string, settings: Settings, resumeAt?: LogSizes) {
    this.#metrics = openLog(metricsPath(folder), resumeAt?.metrics);
    this.#timing = openLog(timingPath(folder), resumeAt?.timing);
    // Read after the logs were cut.
    const past = { metrics: readMetrics(folder), timing: readTiming(folder) };
    this.#board = new Board(folder, settings, past);
  }

  /** Length of `metrics.jsonl`, bytes. */
  get metricsBytes(): number {
    return this.#metrics.bytes;
  }

  /** Adds a listener, which is told of every event after it was written. */
  listen(listener: (event: RunEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes an event. @throws RunError when the disk is full */
  emit(event: RunEvent): void {
    if (isForMetrics(event)) {
      const line = metricsSchema.encode(event);
      this.#metrics.append(line);
      // As the log's reader sees it.
      this.#board.append("metrics", metricsSchema.decode(line));
    }
    if (isForTiming(event)) {
      const line = timingSchema.encode(event);
      this.#timing.append(line);
      this.#board.append("timing", timingSchema.decode(line));
    }
    for (const listener of this.#listeners) listener(event);
  }

  /** Waits until every line is on the disk. @throws RunError when that fails */
  flush(): void {
    this.#metrics.flush();
    this.#timing.flush();
  }

  /** May be called twice. */
  close(): void {
    this.#metrics.close();
    this.#timing.close();
    this.#board.close();
  }
}

/** A log that is begun anew begins with its version. */
function openLog(path: string, resumeAt: number | undefined): JsonlLog {
  if (resumeAt !== undefined && existsSync(path)) checkLogVersion(path);
  const log = new JsonlLog(path, resumeAt === undefined ? {} : { resumeAt });
  if (log.bytes === 0) log.append(logHeadSchema.encode({ type: "log", version: LOG_VERSION }));
  return log;
}

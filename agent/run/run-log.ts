import { existsSync } from "node:fs";
import { RunError } from "../../sim/core/errors.js";
import { JsonlLog } from "../../sim/core/jsonl.js";
import { Schedule } from "../settings/schedule.js";
import type { Settings } from "../settings/schema.js";
import { checkLogVersion, metricsPath, readMetrics, readTiming, timingPath } from "./read-log.js";
import { LOG_VERSION, logHeadSchema, metricsSchema } from "./records.js";
import { isForMetrics, isForTiming, type RunEvent } from "./run-events.js";
import { Board } from "./tensorboard/board.js";
import { timingSchema } from "./timing-records.js";

/** Where a log is cut off to be continued. */
interface LogEnd {
  readonly bytes: number;
  /** Of what comes before, hexadecimal; undefined where nothing says it. */
  readonly sha256?: string | undefined;
}

/** Where both logs are cut off to be continued. */
export interface LogEnds {
  readonly metrics: LogEnd;
  readonly timing: LogEnd;
}

/** What a checkpoint notes of `metrics.jsonl`. */
export interface WrittenLog {
  readonly metricsBytes: number;
  /** Hexadecimal. */
  readonly metricsSha256: string;
}

/** Takes every event of a run once: writes what belongs to its logs and its curves, then tells those who listen. */
export class RunLog {
  readonly #folder: string;
  readonly #settings: Settings;
  readonly #before: () => void;
  #files: { readonly metrics: JsonlLog; readonly timing: JsonlLog; readonly board: Board } | undefined;
  readonly #listeners: ((event: RunEvent) => void)[] = [];

  /** @param before called before each event is taken; what it throws, `emit` does */
  constructor(folder: string, settings: Settings, before: () => void = () => {}) {
    this.#folder = folder;
    this.#settings = settings;
    this.#before = before;
  }

  /**
   * Begins the logs of the run folder, or continues them where `resumeAt` says. A log keeps the version it was begun with.
   * @throws InputError when a log is damaged, of a newer version, shorter than that, changed before that, or cannot be opened;
   *   RunError when the disk fails
   */
  open(resumeAt?: LogEnds): void {
    const opened: JsonlLog[] = [];
    const openNext = (path: string, end: LogEnd | undefined) => {
      const log = openLog(path, end);
      opened.push(log);
      return log;
    };
    try {
      const metrics = openNext(metricsPath(this.#folder), resumeAt?.metrics);
      const timing = openNext(timingPath(this.#folder), resumeAt?.timing);
      // Read after the logs were cut.
      const schedule = new Schedule(this.#settings);
      const past = {
        metrics: readMetrics(this.#folder, schedule),
        timing: readTiming(this.#folder, schedule),
      };
      this.#files = { metrics, timing, board: new Board(this.#folder, this.#settings, past) };
    } catch (error) {
      for (const log of opened) log.close();
      throw error;
    }
  }

  /** Length of `metrics.jsonl` in bytes and its hash, for a checkpoint. */
  get written(): WrittenLog {
    const { bytes, sha256 } = this.#opened.metrics;
    return { metricsBytes: bytes, metricsSha256: sha256 };
  }

  get #opened() {
    if (this.#files === undefined) throw new RunError({ what: `The logs of ${this.#folder} are not open` });
    return this.#files;
  }

  /** Adds a listener, which is told of every event after it was written. */
  listen(listener: (event: RunEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes an event. @throws RunError when the disk is full */
  emit(event: RunEvent): void {
    this.#before();
    const { metrics, timing, board } = this.#opened;
    if (isForMetrics(event)) {
      const line = metricsSchema.encode(event);
      metrics.append(line);
      // As the log's reader sees it.
      board.append("metrics", metricsSchema.decode(line));
    }
    if (isForTiming(event)) {
      const line = timingSchema.encode(event);
      timing.append(line);
      board.append("timing", timingSchema.decode(line));
    }
    for (const listener of this.#listeners) listener(event);
  }

  /** Waits until every line is on the disk. @throws RunError when that fails */
  flush(): void {
    this.#opened.metrics.flush();
    this.#opened.timing.flush();
  }

  /** May be called twice. */
  close(): void {
    for (const file of Object.values(this.#files ?? {})) file.close();
  }
}

/** A log that is begun anew begins with its version. */
function openLog(path: string, end: LogEnd | undefined): JsonlLog {
  if (end !== undefined && existsSync(path)) checkLogVersion(path);
  const log = new JsonlLog(path, end && { resumeAt: end.bytes, sha256: end.sha256 });
  if (log.bytes === 0) log.append(logHeadSchema.encode({ type: "log", version: LOG_VERSION }));
  return log;
}

import { join } from "node:path";
import type { Settings } from "../../settings/schema.js";
import { type MetricsRecord, visitOf } from "../records.js";
import { CURVES } from "../run-files.js";
import type { TimingRecord, TrainingTime } from "../timing-records.js";
import { EventFile, type ScalarEvent } from "./event-file.js";
import { RunScalars } from "./run-scalars.js";

/** Records of a run so far. */
export interface PastRecords {
  readonly metrics: readonly MetricsRecord[];
  readonly timing: readonly TimingRecord[];
}

/**
 * The run's curves for TensorBoard: `tensorboard/` follows the metrics log, record by record, and repeats byte for
 * byte like it; `tensorboard/timing/` has what cannot. Both hold nothing that the logs do not, and are made again
 * from them when a run is resumed.
 */
export class Board {
  readonly #scalars: RunScalars;
  readonly #files: Record<keyof PastRecords, EventFile>;

  /** @throws InputError when there can be no such files, RunError when the disk is full */
  constructor(folder: string, settings: Settings, past: PastRecords = { metrics: [], timing: [] }) {
    this.#scalars = new RunScalars(settings);
    const events = (records: readonly (MetricsRecord | TimingRecord)[]): ScalarEvent[] =>
      records.map((record) => this.#scalars.accept(record)).filter((event) => event !== undefined);
    const timing = timesOf(past);
    const metrics = new EventFile(join(folder, CURVES.repeating, CURVES.file), events(past.metrics));
    try {
      const file = join(folder, CURVES.timing, CURVES.file);
      this.#files = { metrics, timing: new EventFile(file, events(timing)) };
    } catch (error) {
      metrics.close();
      throw error;
    }
  }

  /** Follows a record that a log took, as its reader sees it. @throws RunError when the disk is full */
  append(log: keyof PastRecords, record: MetricsRecord | TimingRecord): void {
    const event = this.#scalars.accept(record);
    if (event !== undefined) this.#files[log].append(event);
  }

  close(): void {
    for (const file of Object.values(this.#files)) file.close();
  }
}

/** Times of the training sessions that the metrics hold; of one made again after a crash the last. */
function timesOf({ metrics, timing }: PastRecords): TrainingTime[] {
  const key = ({ steps, ...place }: Pick<TrainingTime, "taskIndex" | "visit" | "steps">) =>
    `${visitOf(place)}/${steps}`;
  const times = new Map(timing.filter((r) => r.type === "training").map((record) => [key(record), record]));
  return metrics
    .filter((r) => r.type === "training")
    .map((record) => times.get(key(record)))
    .filter((record) => record !== undefined);
}

import { join } from "node:path";
import type { Settings } from "../../settings/schema.js";
import { EventFile, type ScalarEvent } from "./event-file.js";
import { type LoggedRecord, RunScalars } from "./run-scalars.js";

/** Without time or host in its name, so that equal runs leave equal folders. */
const FILE_NAME = "events.out.tfevents.0.hypercrl";

/** Records of a run so far. */
export interface PastRecords {
  readonly metrics: readonly unknown[];
  readonly timing: readonly unknown[];
}

/**
 * The run's curves for TensorBoard: `tensorboard/` follows the metrics log, record by record, and repeats byte for
 * byte like it; `tensorboard/timing/` has what cannot. Both hold nothing that the logs do not, and are made again
 * from them when a run is resumed.
 */
export class Board {
  readonly #scalars: RunScalars;
  readonly #files: Record<"metrics" | "timing", EventFile>;

  /** @throws RunError when the files cannot be written */
  constructor(folder: string, settings: Settings, past: PastRecords = { metrics: [], timing: [] }) {
    this.#scalars = new RunScalars(settings);
    const events = (records: readonly LoggedRecord[]): ScalarEvent[] =>
      records.map((record) => this.#scalars.accept(record)).filter((event) => event !== undefined);
    const metrics = past.metrics as readonly LoggedRecord[];
    const timing = timesOf(metrics, past.timing as readonly LoggedRecord[]);
    this.#files = {
      metrics: new EventFile(join(folder, "tensorboard", FILE_NAME), events(metrics)),
      timing: new EventFile(join(folder, "tensorboard", "timing", FILE_NAME), events(timing)),
    };
  }

  /** Follows a record that a log took. @throws RunError when the disk is full */
  append(log: "metrics" | "timing", record: object): void {
    // As the log's reader sees it, where for example -0 is 0 and NaN is null.
    const event = this.#scalars.accept(JSON.parse(JSON.stringify(record)));
    if (event !== undefined) this.#files[log].append(event);
  }

  close(): void {
    for (const file of Object.values(this.#files)) file.close();
  }
}

/** Times of the training sessions that the metrics hold; of one made again after a crash the last. */
function timesOf(metrics: readonly LoggedRecord[], timing: readonly LoggedRecord[]): LoggedRecord[] {
  const key = ({ taskIndex, steps }: LoggedRecord) => `${taskIndex}/${steps}`;
  const training = (records: readonly LoggedRecord[]) => records.filter(({ type }) => type === "training");
  const times = new Map(training(timing).map((record) => [key(record), record]));
  return training(metrics)
    .map((record) => times.get(key(record)))
    .filter((record) => record !== undefined);
}

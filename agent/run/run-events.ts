import { type MetricsRecord, metricsSchema, type TrainingRecord } from "./records.js";
import { type TimingRecord, type TrainingTime, timingSchema } from "./timing-records.js";

/** An environment step of learning was made. */
export interface StepEvent {
  readonly type: "step";
  /** Name of the task. */
  readonly task: string;
  readonly taskIndex: number;
  /** Place in the schedule. */
  readonly visit: number;
  /** Made in the visit so far, this one included. */
  readonly steps: number;
  /** To be made in the visit. */
  readonly total: number;
}

/** An action of a learning episode was planned. */
interface PlannedEvent {
  readonly type: "planned";
  readonly ms: number;
}

/**
 * What a run says while it goes on, each thing once. A log takes from an event the fields that its schema has for that
 * type: of a training session `metrics.jsonl` the losses and `timing.jsonl` the times. Steps and single plans are for
 * those who watch and are in no log.
 */
export type RunEvent =
  | Exclude<MetricsRecord, TrainingRecord>
  | Exclude<TimingRecord, TrainingTime>
  | (TrainingRecord & TrainingTime)
  | StepEvent
  | PlannedEvent;

const METRICS_TYPES: ReadonlySet<string> = new Set(metricsSchema.options.map((o) => o.shape.type.value));
const TIMING_TYPES: ReadonlySet<string> = new Set(timingSchema.options.map((o) => o.shape.type.value));

/** Whether `metrics.jsonl` takes something of an event. */
export function isForMetrics(event: RunEvent): event is RunEvent & MetricsRecord {
  return METRICS_TYPES.has(event.type);
}

/** Whether `timing.jsonl` takes something of an event. */
export function isForTiming(event: RunEvent): event is RunEvent & TimingRecord {
  return TIMING_TYPES.has(event.type);
}

import type {
  BaselineRecord,
  EpisodeRecord,
  EvaluationRecord,
  KeptRecord,
  ModelErrorRecord,
  TrainingRecord,
} from "../../../agent/run/records.js";
import type { PlanningTime, TrainingTime, UsageRecord } from "../../../agent/run/timing-records.js";

const place = { task: "a", taskIndex: 0, episode: 0 };
const outcome = { return: 1, success: false, measures: {} };

export function baselineRecord(change: Partial<BaselineRecord> = {}): BaselineRecord {
  return { type: "baseline", ...place, ...outcome, recording: "episodes/baseline-01-01.mcap", ...change };
}

export function episodeRecord(change: Partial<EpisodeRecord> = {}): EpisodeRecord {
  const recording = "episodes/01-train-0001.mcap";
  return { type: "episode", phase: "train", ...place, steps: 120, ...outcome, recording, ...change };
}

export function evaluationRecord(change: Partial<EvaluationRecord> = {}): EvaluationRecord {
  const recording = "episodes/01-evaluate-01-01.mcap";
  return { type: "evaluation", afterTask: 0, ...place, ...outcome, recording, ...change };
}

/** Errors at 1, 5, 10 and 20 steps of 1, 5, 10 and 20 mm, a quarter of those of no change. */
export function modelErrorRecord(change: Partial<ModelErrorRecord> = {}): ModelErrorRecord {
  const horizons = [1, 5, 10, 20];
  const model = horizons.map((steps) => steps / 1000);
  return {
    ...{ type: "modelError", afterTask: 0, task: "a", taskIndex: 0, horizons },
    ...{ starts: [64, 64, 64, 64], leftOut: [0, 0, 0, 0] },
    errors: [{ unit: "m", model, unchanged: model.map((error) => 4 * error) }],
    ...change,
  };
}

export function trainingRecord(change: Partial<TrainingRecord> = {}): TrainingRecord {
  return { type: "training", taskIndex: 0, steps: 100, taskLoss: 0.5, regularizer: 0, ...change };
}

export function keptRecord(change: Partial<KeptRecord> = {}): KeptRecord {
  const numbers = { kinds: ["embeddings"], parameters: 10, transitions: 3, bytes: 40 };
  return { type: "kept", task: "a", taskIndex: 0, shared: numbers, tasks: [numbers], ...change };
}

export function trainingTime(change: Partial<TrainingTime> = {}): TrainingTime {
  return { type: "training", taskIndex: 0, steps: 100, ms: 500, waitedMs: 250, ...change };
}

export function planningTime(change: Partial<PlanningTime> = {}): PlanningTime {
  return { type: "planning", taskIndex: 0, steps: 120, actions: 20, ms: 55, ...change };
}

export function usageRecord(change: Partial<UsageRecord> = {}): UsageRecord {
  return { type: "usage", session: 1, wallMs: 9000, cpuMs: 8000, peakMiB: 160, ...change };
}

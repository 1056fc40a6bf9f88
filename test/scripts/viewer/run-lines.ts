import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A run folder as `hypercrl train` begins it: two tasks of 300 steps, one evaluation episode. */
export function beginRun(folder: string): void {
  mkdirSync(join(folder, "episodes"), { recursive: true });
  const loop = { initialRandomSteps: 100, stepsPerTask: 200, evaluationEpisodes: 1 };
  writeFileSync(join(folder, "settings.json"), JSON.stringify({ seed: 1, tasks: 2, loop, other: "ignored" }));
}

const outcome = { return: -1.5, success: false, measures: {} };

/** A line of `metrics.jsonl` for an episode, with line end. */
function episodeLine(fields: { readonly type: string; readonly recording: string; [name: string]: unknown }) {
  return `${JSON.stringify({ task: "first", taskIndex: 0, episode: 0, ...outcome, ...fields })}\n`;
}

export const BASELINE = episodeLine({ type: "baseline", recording: "episodes/baseline-01-01.mcap" });
export const LEARNING = episodeLine({
  type: "episode",
  phase: "train",
  steps: 150,
  recording: "episodes/01-train-0001.mcap",
});
export const TRAINING = '{"type":"training","taskIndex":0,"steps":100,"taskLoss":0.25,"regularizer":0}\n';
/** The last line of a run. */
export const MODEL_ERROR = `${JSON.stringify({
  ...{ type: "modelError", afterTask: 1, task: "second", taskIndex: 1 },
  ...{ horizons: [1], starts: [32], leftOut: [0], errors: [{ unit: "m", model: [0.1], unchanged: [0.2] }] },
})}\n`;
export const LAST_EVALUATION = episodeLine({
  type: "evaluation",
  afterTask: 1,
  task: "second",
  taskIndex: 1,
  recording: "episodes/02-evaluate-02-01.mcap",
});

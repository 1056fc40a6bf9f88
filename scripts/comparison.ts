import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EvaluationJson } from "../agent/evaluation.js";
import { readSettings } from "../agent/run-store.js";
import { InputError } from "../sim/core/errors.js";
import { readJsonl } from "../sim/core/jsonl.js";
import { Rng } from "../sim/core/rng.js";

/** One finished run, as its folder tells. */
export interface RunResult {
  readonly method: string;
  readonly seed: number;
  readonly tasks: readonly string[];
  /** Mean return of the random policy per task. */
  readonly random: readonly number[];
  /** `means[i][j]`: mean return on task j after learning task i, j ≤ i. */
  readonly means: readonly (readonly number[])[];
  /** Evaluation episodes that ended with the block within 1 mm of its start, of all. */
  readonly untouched: number;
  readonly episodes: number;
}

/** Mean with a 95 % bootstrap interval over seeds. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

export interface MethodComparison {
  readonly method: string;
  readonly average: Estimate;
  readonly forgetting: Estimate;
  readonly untouched: number;
  readonly episodes: number;
}

export const DEFINITIONS = [
  "normalised return: (return - random) / (single - random), task by task; single = mean over seeds of method single",
  "average: mean over tasks of the normalised return after the last task",
  "forgetting: mean over all tasks but the last of (normalised return right after the task - after the last task)",
  "brackets: 95 % bootstrap interval over seeds, n = number of seeds",
];

const UNTOUCHED_MM = 1;

/** A run's returns, when every task has been evaluated after the last. */
function finishedEvaluation(folder: string): EvaluationJson | undefined {
  const path = join(folder, "evaluation.json");
  if (!existsSync(path)) return undefined;
  const evaluation = JSON.parse(readFileSync(path, "utf8")) as EvaluationJson;
  return evaluation.returns.length === evaluation.tasks.length ? evaluation : undefined;
}

export function isFinished(folder: string): boolean {
  return finishedEvaluation(folder) !== undefined;
}

/** Reads what a finished run says of itself. @throws InputError when the folder is no run or is not finished */
export function readRun(folder: string): RunResult {
  const { method, seed } = readSettings(folder);
  const evaluation = finishedEvaluation(folder);
  if (evaluation === undefined) {
    throw new InputError({
      what: `Run ${folder} is not finished`,
      expected: "every task evaluated after the last was learned",
      todo: `Continue it with \`hypercrl train --resume ${folder}\``,
    });
  }
  const moved = (readJsonl(join(folder, "metrics.jsonl")).records as LoggedEvaluation[])
    .filter((r) => r.type === "evaluation")
    .map((r) => r.measures.blockDisplacementMm);
  return {
    method,
    seed,
    tasks: evaluation.tasks,
    random: evaluation.random.map(meanOf),
    means: evaluation.returns.map((row) => row.map(meanOf)),
    untouched: moved.filter((mm) => mm !== undefined && mm < UNTOUCHED_MM).length,
    episodes: moved.length,
  };
}

interface LoggedEvaluation {
  readonly type: string;
  readonly measures: Readonly<Record<string, number | undefined>>;
}

/**
 * Compares methods on normalised returns; see `DEFINITIONS`.
 * @throws InputError when no run of method single is among them
 */
export function compareRuns(runs: readonly RunResult[]): MethodComparison[] {
  const singles = runs.filter((r) => r.method === "single");
  if (singles.length === 0) {
    throw new InputError({
      what: "Nothing to normalise by",
      got: `runs of ${[...new Set(runs.map((r) => r.method))].join(", ") || "no method"}`,
      expected: "at least one run of method single",
      todo: "Train one with `hypercrl train --method single`",
    });
  }
  const reference = singles[0].tasks.map((_, j) => meanOf(singles.map((r) => r.means[j][j])));
  const methods = [...new Set(runs.map((r) => r.method))];
  return methods.map((method) => {
    const own = runs.filter((r) => r.method === method);
    const scores = own.map((run) => scoreRun(run, reference));
    return {
      method,
      average: estimate(scores.map((s) => s.average)),
      forgetting: estimate(scores.map((s) => s.forgetting)),
      untouched: own.reduce((n, r) => n + r.untouched, 0),
      episodes: own.reduce((n, r) => n + r.episodes, 0),
    };
  });
}

function scoreRun({ random, means }: RunResult, single: readonly number[]) {
  const normalise = (value: number, j: number) => (value - random[j]) / (single[j] - random[j]);
  const last = means.length - 1;
  const final = means[last].map(normalise);
  const losses = final.slice(0, last).map((value, j) => normalise(means[j][j], j) - value);
  return { average: meanOf(final), forgetting: losses.length === 0 ? 0 : meanOf(losses) };
}

const RESAMPLES = 10_000;

/** Percentile bootstrap with a fixed stream, so that the same runs print the same interval. */
export function estimate(values: readonly number[]): Estimate {
  const rng = Rng.fromSeed(0).split("bootstrap");
  const means = Array.from({ length: RESAMPLES }, () =>
    meanOf(values.map(() => values[rng.integer(values.length)])),
  ).sort((a, b) => a - b);
  const at = (q: number) => means[Math.floor(q * (RESAMPLES - 1))];
  return { mean: meanOf(values), low: at(0.025), high: at(0.975), n: values.length };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

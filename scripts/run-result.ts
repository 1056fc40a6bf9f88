import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readSettings } from "../agent/run-store.js";
import { InputError } from "../sim/core/errors.js";
import { readJsonl } from "../sim/core/jsonl.js";
import { readUsage, type Usage } from "./usage.js";

/** One finished run, as its folder tells. `K` tasks. */
export interface RunResult {
  /** What the run is compared under: its method, or the name of a variant of it. */
  readonly label: string;
  readonly method: string;
  readonly seed: number;
  /** Names, `[K]`. */
  readonly tasks: readonly string[];
  /** Mean return of the random policy per task, `[K]`. */
  readonly random: readonly number[];
  /** `means[i][j]`: mean return on task j after learning task i, j ≤ i. */
  readonly means: readonly (readonly number[])[];
  /** Share of evaluation episodes after the last task that succeeded, per task, `[K]`. */
  readonly success: readonly number[];
  /** Success rate over the planned learning episodes of each task, weighted by their steps, `[K]`. */
  readonly learningSuccess: readonly number[];
  /** Undefined for runs of versions that did not note it. */
  readonly usage: Usage | undefined;
  /** Evaluation episodes that ended with the block within 1 mm of its start, of all. */
  readonly untouched: number;
  readonly episodes: number;
}

const UNTOUCHED_MM = 1;

interface LoggedEpisode {
  readonly type: string;
  readonly taskIndex: number;
  readonly afterTask?: number;
  readonly phase?: string;
  readonly steps?: number;
  readonly success: boolean;
  readonly measures: Readonly<Record<string, number | undefined>>;
}

const evaluationSchema = z.object({
  tasks: z.array(z.string()).min(1),
  random: z.array(z.array(z.number())),
  returns: z.array(z.array(z.array(z.number()))),
});

/** A run's returns, when every task has been evaluated after the last. @throws InputError when they are damaged */
function finishedEvaluation(folder: string) {
  const path = join(folder, "evaluation.json");
  if (!existsSync(path)) return undefined;
  try {
    const evaluation = evaluationSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    return evaluation.returns.length === evaluation.tasks.length ? evaluation : undefined;
  } catch (cause) {
    throw new InputError({
      what: `${path} is damaged`,
      got: cause instanceof z.ZodError ? firstIssue(cause) : (cause as Error).message.replace(/\.$/, ""),
      expected: "evaluation.json as `hypercrl train` writes it",
      todo: "Restore the file from a copy",
      cause,
    });
  }
}

/** Where a value differs from its schema, on one line. */
export function firstIssue({ issues: [{ path, message }] }: z.ZodError): string {
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}

export function isFinished(folder: string): boolean {
  return finishedEvaluation(folder) !== undefined;
}

/**
 * Reads what a finished run says of itself.
 * @param label default its method
 * @throws InputError when the folder is no run or is not finished
 */
export function readRun(folder: string, label?: string): RunResult {
  const { method, seed } = readSettings(folder);
  const evaluation = finishedEvaluation(folder);
  if (evaluation === undefined) {
    throw new InputError({
      what: `Run ${folder} is not finished`,
      expected: "every task evaluated after the last was learned",
      todo: `Continue it with \`hypercrl train --resume ${folder}\``,
    });
  }
  const records = readJsonl(join(folder, "metrics.jsonl")).records as LoggedEpisode[];
  const evaluated = records.filter(({ type }) => type === "evaluation");
  const moved = evaluated.map((r) => r.measures.blockDisplacementMm);
  const { tasks } = evaluation;
  return {
    label: label ?? method,
    method,
    seed,
    tasks,
    random: evaluation.random.map(meanOf),
    means: evaluation.returns.map((row) => row.map(meanOf)),
    success: tasks.map((_, j) =>
      meanOf(
        evaluated
          .filter((r) => r.afterTask === tasks.length - 1 && r.taskIndex === j)
          .map((r) => Number(r.success)),
      ),
    ),
    learningSuccess: tasks.map((_, j) => learningSuccess(records, j)),
    usage: readUsage(folder),
    untouched: moved.filter((mm) => mm !== undefined && mm < UNTOUCHED_MM).length,
    episodes: evaluated.length,
  };
}

/**
 * Area under the success rate of one task's learning, as a share of its planned steps: each episode's success holds
 * for the steps it took. NaN when nothing was planned.
 */
function learningSuccess(records: readonly LoggedEpisode[], task: number): number {
  const learning = records.filter((r) => r.type === "episode" && r.taskIndex === task);
  let [succeeded, all] = [0, 0];
  for (const [i, { phase, steps = 0, success }] of learning.entries()) {
    if (phase !== "train") continue;
    const length = steps - (learning[i - 1]?.steps ?? 0);
    all += length;
    if (success) succeeded += length;
  }
  return succeeded / all;
}

/** Mean; NaN of nothing. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

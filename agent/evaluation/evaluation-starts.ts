import { oneOf } from "../../sim/core/one-of.js";
import type { Task } from "../../sim/task.js";
import { checkVaries } from "../settings/varied-starts.js";

/** From where the episodes of an evaluation can start; see `EvaluationStarts`. */
export const EVALUATION_STARTS = ["published", "varied"] as const;

/**
 * `published`: the task's own starts, from which runs are evaluated while they learn. `varied`: the many states that the
 * suite has for learning (`Task.createLearningScene`).
 */
export type EvaluationStarts = (typeof EVALUATION_STARTS)[number];

/** Seed of an evaluation's starts, unless another is asked for: all methods and moments face the same. */
export const EVALUATION_SEED = 90_000;

/** The starts of an evaluation. */
export interface StartChoice {
  readonly kind: EvaluationStarts;
  /** Seed of the first published start, from which the others count on; or the seed that all varied ones are drawn by. */
  readonly seed: number;
}

/** What figures say of starts that are not the published ones; of those they say nothing. */
export interface StartsNote {
  readonly starts?: "varied" | undefined;
  /** Seed that they were drawn by. */
  readonly startSeed?: number | undefined;
}

/**
 * Checks the starts that an evaluation is asked for.
 * @param starts one of `EvaluationStarts`, from a caller whose types may not have been checked
 * @param suite name of the suite that has the tasks
 * @param tasks those that are evaluated
 * @throws UsageError when there is no such choice, or starts shall vary and a task does not say how
 */
export function chooseStarts(
  {
    starts = "published",
    seed = EVALUATION_SEED,
  }: { readonly starts?: EvaluationStarts; readonly seed?: number },
  suite: string,
  tasks: readonly Task[],
): StartChoice {
  const kind = oneOf("choice of starts", starts, EVALUATION_STARTS);
  if (kind === "varied") {
    const what = "Episodes of this evaluation cannot start from varied starts";
    checkVaries(suite, tasks, { what, expected: "published" });
  }
  return { kind, seed };
}

/** What figures say of the starts they were measured from. */
export function startsNote({ kind, seed }: StartChoice): StartsNote {
  return kind === "published" ? {} : { starts: kind, startSeed: seed };
}

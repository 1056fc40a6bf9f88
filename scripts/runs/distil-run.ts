import { existsSync } from "node:fs";
import { type DistillationRound, distil } from "../../agent/distillation/distil.js";
import type { PolicyWeights } from "../../agent/distillation/policy-network.js";
import { Stopped } from "../../agent/episode-run.js";
import { changePlanner } from "../../agent/settings/resolve.js";
import { elementAt } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import { checkWritable, writeFileSafely } from "../../sim/core/files.js";
import { Rng } from "../../sim/core/rng.js";
import { assignmentsOf, type GivenSettings } from "./choose-settings.js";
import { encodePolicies } from "./policy-file.js";
import { openSavedState, type SavedState, type SavedStateOptions } from "./saved-state.js";

const DEFAULT_ROUNDS = 10;

/** What `distilRun` makes, and how; settings are those of the planner that is imitated, in place of the run's own. */
export interface DistilOptions extends SavedStateOptions, GivenSettings {
  /** New file for the policies. */
  readonly out: string;
  /** Episodes of a round; default 4. */
  readonly episodes?: number;
  /** Rounds of episodes, 2 or more, of which the first is the planner's; default 10. */
  readonly rounds?: number;
  /** Minibatches of a fit; default 12,000. */
  readonly minibatches?: number;
  /** Seed of starts, planner noise, first weights and minibatches; default the run's. */
  readonly seed?: number;
  /** Told of every round as it ends. */
  readonly onRound?: (task: string, round: DistillationRound) => void;
  readonly signal?: AbortSignal;
}

/** The rounds of one task. */
export interface TaskDistillation {
  readonly task: string;
  readonly rounds: readonly DistillationRound[];
}

/** What `distilRun` did. */
export interface Distillation {
  readonly path: string;
  readonly bytes: number;
  /** False when the signal stopped it: nothing was written then. */
  readonly complete: boolean;
  readonly tasks: readonly TaskDistillation[];
}

/**
 * Makes for each task that a run has learned a small network that does what the planner does with the run's model, and writes all of
 * them to one file. It plays episodes of the tasks, of which nothing is kept; the run folder stays as it is.
 * @throws UsageError when the file exists or a number is out of range, InputError when the run has learned nothing or is damaged or the
 *   file cannot be written there, RunError when the disk is full
 */
export async function distilRun(folder: string, options: DistilOptions): Promise<Distillation> {
  const { out: path } = options;
  if (existsSync(path))
    throw new UsageError({ what: `${path} exists`, expected: "a new path", todo: "Choose another --out" });
  const { rounds = DEFAULT_ROUNDS } = options;
  if (!Number.isInteger(rounds) || rounds < 2) {
    throw new UsageError({
      what: "There are too few rounds to distil in",
      got: String(rounds),
      expected: "a whole number of at least 2: the planner acts in the first, a policy in the others",
      todo: "Give more with --rounds",
    });
  }
  checkWritable(path);
  const opened = await openSavedState(folder, options, (own, { catalog, planner }) =>
    changePlanner(own, planner, assignmentsOf(options), catalog),
  );
  const tasks: { task: string; rounds: DistillationRound[] }[] = [];
  try {
    const policies = await distilTasks(opened, options, tasks);
    const bytes = encodePolicies(policies, opened);
    writeFileSafely(path, bytes);
    return { path, bytes: bytes.length, complete: true, tasks };
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    return { path, bytes: 0, complete: false, tasks };
  } finally {
    await opened.agent.release();
  }
}

async function distilTasks(
  { agent, settings, tasks, indices }: SavedState,
  {
    episodes = 4,
    rounds = DEFAULT_ROUNDS,
    minibatches = 12_000,
    seed = settings.seed,
    onRound,
    signal,
  }: DistilOptions,
  told: { task: string; rounds: DistillationRound[] }[],
): Promise<PolicyWeights[]> {
  const policies: PolicyWeights[] = [];
  for (const [j, task] of tasks.entries()) {
    const taskIndex = elementAt(indices, j, "tasks");
    const rng = Rng.fromSeed(seed).split(`distil/task${taskIndex}`);
    const done: DistillationRound[] = [];
    told.push({ task: task.name, rounds: done });
    const planner = await agent.policyFor(taskIndex, rng.split("planner"));
    try {
      policies.push(
        await distil(planner, {
          ...{ task, taskIndex, rounds, episodes, minibatches, history: settings.dynamics.history, rng },
          onRound: (round) => {
            done.push(round);
            onRound?.(task.name, round);
          },
          stopRequested: () => signal?.aborted === true,
        }),
      );
    } finally {
      await planner.release();
    }
  }
  return policies;
}

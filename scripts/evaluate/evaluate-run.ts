import { existsSync } from "node:fs";
import { join } from "node:path";
import { PolicyNetwork, type PolicyWeights } from "../../agent/distillation/policy-network.js";
import { type Outcome, Stopped } from "../../agent/episode-run.js";
import type { EpisodeThreads } from "../../agent/evaluation/episode-threads.js";
import { evaluateTask, type FinishedEpisode, playEpisodes } from "../../agent/evaluation/evaluate-task.js";
import type { EvaluationOptions } from "../../agent/evaluation/evaluation-episode.js";
import {
  chooseStarts,
  type EvaluationStarts,
  type StartChoice,
  type StartsNote,
  startsNote,
} from "../../agent/evaluation/evaluation-starts.js";
import type { ModelError } from "../../agent/evaluation/model-error.js";
import { recordingOrigin } from "../../agent/run/origin.js";
import { evaluationFile } from "../../agent/run/recording-names.js";
import { changePlanner } from "../../agent/settings/resolve.js";
import { Schedule } from "../../agent/settings/schedule.js";
import { elementAt } from "../../sim/core/element.js";
import { UsageError } from "../../sim/core/errors.js";
import { makeFolder } from "../../sim/core/files.js";
import { Rng } from "../../sim/core/rng.js";
import { assignmentsOf, type GivenSettings } from "../runs/choose-settings.js";
import { episodeThreads } from "../runs/episode-threads.js";
import { checkPlansRecordable } from "../runs/plan-recordings.js";
import { readPolicies } from "../runs/policy-file.js";
import { openSavedState, type SavedState, type SavedStateOptions } from "../runs/saved-state.js";
import { currentVersions } from "../runs/versions.js";

/** What `evaluateRun` measures, and how; settings are those of the planner, in place of the run's own. */
export interface EvaluateOptions extends SavedStateOptions, GivenSettings {
  /** Episodes per task; default as in the run. */
  readonly episodes?: number;
  /** Seed of starts and planner noise; by default the run's evaluation is repeated exactly. */
  readonly seed?: number;
  /**
   * From where the episodes start; default `published`. Of varied starts, the seed is the starts' too, and where there is none
   * they are the same for all runs and the oracle.
   */
  readonly starts?: EvaluationStarts;
  /** File of policies that act in the place of the planner, as `distilRun` writes it. */
  readonly policy?: string;
  /** New folder for recordings of the episodes, with the plan of every step where there is one. */
  readonly recordings?: string;
  /** Receives every episode as it ends. */
  readonly onEpisode?: (task: string, episode: EvaluatedEpisode) => void;
  readonly signal?: AbortSignal;
}

/** What came of one evaluation episode. */
export interface EvaluatedEpisode extends Outcome {
  /** Path of the recording, if there is one. */
  readonly recording?: string;
}

/** The evaluation episodes of one task. */
export interface TaskEvaluation {
  readonly task: string;
  readonly episodes: readonly EvaluatedEpisode[];
  /** How well the model predicts them; absent where the signal stopped the evaluation before the last, and where policies acted. */
  readonly modelError?: ModelError;
}

/** What `evaluateRun` found. */
export interface RunEvaluation extends StartsNote {
  readonly folder: string;
  /** Tasks learned by the state that was evaluated, one that was learned again counted again. */
  readonly afterTask: number;
  /** File of the policies that acted; missing where the planner did. */
  readonly policy?: string;
  /** False when the signal stopped it; tasks then hold what was measured. */
  readonly complete: boolean;
  readonly tasks: readonly TaskEvaluation[];
}

/**
 * Evaluates a saved state of a run on every task it has learned; changes nothing in the run folder.
 * @throws InputError when there is no such state or it is damaged, UsageError when a number is out of range, the folder
 *   for recordings exists, or starts shall vary and the suite has none that do
 */
export async function evaluateRun(folder: string, options: EvaluateOptions = {}): Promise<RunEvaluation> {
  const { policy } = options;
  if (policy === undefined)
    return withSavedState(folder, options, (opened, starts) =>
      evaluateTasks(folder, options, opened, starts),
    );
  return withSavedState(
    folder,
    options,
    async (opened, starts) => {
      const policies = readPolicies(policy, opened);
      return { ...(await evaluateTasks(folder, options, opened, starts, policies)), policy };
    },
    async (opened) => void readPolicies(policy, opened),
  );
}

/**
 * Opens a saved state to be evaluated, checks what can be checked before the first episode, and closes it at the end.
 * @param check of the caller's own, before a folder for recordings is made; gives the names of the tasks whose probabilities are
 *   recorded, if any are
 */
export async function withSavedState<Result>(
  folder: string,
  options: Omit<EvaluateOptions, "onEpisode">,
  evaluate: (opened: SavedState, starts: StartChoice) => Promise<Result>,
  check: (opened: SavedState) => Promise<readonly string[] | undefined> = async () => undefined,
): Promise<Result> {
  const { recordings } = options;
  checkNewFolder(recordings);
  const opened = await openSavedState(folder, options, (own, { catalog, planner }) =>
    changePlanner(own, planner, assignmentsOf(options), catalog),
  );
  const { agent, tasks, planned, settings } = opened;
  try {
    const starts = chooseStarts(options, settings.suite, tasks);
    const believed = await check(opened);
    if (recordings !== undefined) {
      await checkPlansRecordable(tasks, planned, believed);
      makeFolder(recordings);
    }
    return await evaluate(opened, starts);
  } finally {
    await agent.release();
  }
}

async function evaluateTasks(
  folder: string,
  options: EvaluateOptions,
  opened: SavedState,
  starts: StartChoice,
  policies?: readonly PolicyWeights[],
): Promise<RunEvaluation> {
  const out: { task: string; episodes: EvaluatedEpisode[]; modelError?: ModelError }[] = [];
  const { suite, planner, threads: count } = opened;
  const threads = episodeThreads(suite, planner, count);
  try {
    for (const [j, task] of opened.tasks.entries()) {
      const episodes: EvaluatedEpisode[] = [];
      const evaluated: (typeof out)[number] = { task: task.name, episodes };
      out.push(evaluated);
      const measured = (modelError: ModelError) => Object.assign(evaluated, { modelError });
      const how = { ...options, starts };
      const played =
        policies === undefined
          ? episodesOf(opened, j, how, measured, threads)
          : episodesOfPolicy(opened, j, how, elementAt(policies, j, "policies"));
      for await (const episode of played) {
        episodes.push(episode);
        options.onEpisode?.(task.name, episode);
      }
      if (options.signal?.aborted) break;
    }
  } finally {
    await threads?.close();
  }
  const complete = !options.signal?.aborted;
  return { folder, afterTask: opened.afterTask, ...startsNote(starts), complete, tasks: out };
}

/** @throws UsageError when there is something where recordings shall go */
export function checkNewFolder(recordings: string | undefined): void {
  if (recordings === undefined || !existsSync(recordings)) return;
  throw new UsageError({
    what: `${recordings} exists`,
    got: "a file or folder for recordings that is there already",
    expected: "a path for a new folder",
    todo: "Choose another path, or move it away",
  });
}

/** Options as `evaluateRun` takes them, with the starts that they stand for. */
type ChosenOptions = Omit<EvaluateOptions, "starts" | "onEpisode"> & { readonly starts: StartChoice };

/** What the options say of the episodes of every task. */
export function episodeOptions(
  { settings, planned }: SavedState,
  options: ChosenOptions,
): Omit<EvaluationOptions, "task" | "taskIndex"> {
  const { episodes = settings.loop.evaluationEpisodes, starts, recordings: folder, signal } = options;
  const origin = recordingOrigin(planned, currentVersions());
  const visits = !new Schedule(settings).isOnce;
  return {
    episodes,
    rng: Rng.fromSeed(options.seed ?? settings.seed),
    starts,
    recordings: folder === undefined ? undefined : { folder, origin, plans: true, visits },
    stopRequested: () => signal?.aborted === true,
  };
}

/** An episode with the path of its recording, if there is one. @param folder of the recordings */
export function evaluated({ outcome, file }: FinishedEpisode, folder: string | undefined): EvaluatedEpisode {
  return { ...outcome, ...(folder !== undefined && { recording: join(folder, file) }) };
}

/** Whole episodes only: the one that the signal interrupts is dropped. @param place of the task among those learned */
async function* episodesOf(
  opened: SavedState,
  place: number,
  options: ChosenOptions,
  onModelError: (error: ModelError) => void,
  threads: EpisodeThreads | undefined,
): AsyncGenerator<EvaluatedEpisode> {
  const { agent, afterTask, tasks, indices } = opened;
  const task = elementAt(tasks, place, "tasks");
  const taskIndex = elementAt(indices, place, "tasks");
  const how = { ...episodeOptions(opened, options), task, taskIndex };
  const evaluation = evaluateTask(agent, afterTask - 1, how, onModelError, threads);
  try {
    for await (const episode of evaluation) yield evaluated(episode, options.recordings);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
}

/** The same with a policy in the place of the planner, one episode after another. */
async function* episodesOfPolicy(
  opened: SavedState,
  place: number,
  options: ChosenOptions,
  policy: PolicyWeights,
): AsyncGenerator<EvaluatedEpisode> {
  const { settings, afterTask, tasks, indices } = opened;
  const task = elementAt(tasks, place, "tasks");
  const taskIndex = elementAt(indices, place, "tasks");
  const { history } = settings.dynamics;
  const { recordings, ...how } = episodeOptions(opened, options);
  const all = { ...how, task, taskIndex, history, recordings: recordings && { ...recordings, plans: false } };
  const network = new PolicyNetwork(task.spec, history, policy);
  const kind = { phase: "evaluate", afterTask: afterTask - 1 } as const;
  const fileOf = (k: number) => evaluationFile(afterTask - 1, taskIndex, k);
  const played = playEpisodes(all, kind, fileOf, async (run) => {
    while (!run.over) run.step(network.act(run.state));
  });
  try {
    for await (const episode of played) yield evaluated(episode, options.recordings);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
}

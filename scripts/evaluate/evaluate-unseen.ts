import { join } from "node:path";
import { type Outcome, Stopped } from "../../agent/episode-run.js";
import type { EpisodeThreads } from "../../agent/evaluation/episode-threads.js";
import { evaluateDynamics, evaluateRandomPolicy } from "../../agent/evaluation/evaluate-task.js";
import {
  chooseStarts,
  type StartChoice,
  type StartsNote,
  startsNote,
} from "../../agent/evaluation/evaluation-starts.js";
import type { ModelError } from "../../agent/evaluation/model-error.js";
import {
  type LearnedTask,
  UNSEEN_MODELS,
  type UnseenModel,
  unseenDynamics,
  unseenMixture,
} from "../../agent/model/unseen-dynamics.js";
import type { SuiteRecord } from "../../agent/run/suite-record.js";
import { elementAt } from "../../sim/core/element.js";
import { makeFolder } from "../../sim/core/files.js";
import type { Task, TaskParameter } from "../../sim/task.js";
import { suiteNow } from "../parts/same-suite.js";
import { episodeThreads } from "../runs/episode-threads.js";
import type { SavedState } from "../runs/saved-state.js";
import {
  type EvaluatedEpisode,
  type EvaluateOptions,
  episodeOptions,
  evaluated,
  withSavedState,
} from "./evaluate-run.js";
import { checkUnseen, type TaskWithParameters } from "./unseen-checks.js";

/** What `evaluateRunUnseen` measures, and how. */
export interface UnseenOptions extends Omit<EvaluateOptions, "onEpisode"> {
  /** Receives every episode of a model as it ends. */
  readonly onEpisode?: (task: string, model: UnseenModel, episode: EvaluatedEpisode) => void;
}

/** What one of the models did on a task that was never learned. */
export interface UnseenModelEvaluation {
  readonly model: UnseenModel;
  /** How much of each learned task is in it, by the name of the task; those that are not are left out. The sum is 1. */
  readonly mixture: Readonly<Record<string, number>>;
  readonly episodes: readonly EvaluatedEpisode[];
  /** How well the model predicts them; absent where the signal stopped the evaluation before the last. */
  readonly modelError?: ModelError;
}

/** The episodes of a task that was never learned. */
export interface UnseenTask {
  readonly task: string;
  readonly parameters: readonly TaskParameter[];
  /** Episodes of the random policy. */
  readonly random: readonly Outcome[];
  readonly models: readonly UnseenModelEvaluation[];
}

/** What `evaluateRunUnseen` found. */
export interface UnseenEvaluation extends StartsNote {
  readonly folder: string;
  /** Tasks learned by the state that was evaluated, one that was learned again counted again. */
  readonly afterTask: number;
  /** The tasks that the models are made of. */
  readonly learned: readonly { readonly task: string; readonly parameters: readonly TaskParameter[] }[];
  /** False when the signal stopped it; tasks then hold what was measured. */
  readonly complete: boolean;
  readonly tasks: readonly UnseenTask[];
  /** What the suite is, with all its tasks. */
  readonly record: SuiteRecord;
}

/**
 * Evaluates a saved state of a run on the tasks of its suite that it has not learned, with models that are made of those of the learned
 * tasks without a step taken: see `UNSEEN_MODELS`. Beside them plays the random policy. Starts and random numbers are those of
 * `evaluateRun`. Changes nothing in the run folder.
 * @throws UsageError when the run's networks depart from no common base or have a normaliser for each task, the suite's tasks declare no
 *   parameters, or the state has learned all of them; InputError when the parameters are wrong; otherwise as `evaluateRun`
 */
export async function evaluateRunUnseen(
  folder: string,
  options: UnseenOptions = {},
): Promise<UnseenEvaluation> {
  const { onEpisode, ...others } = options;
  const check = async (opened: SavedState) => {
    const { unseen } = checkUnseen(folder, opened);
    chooseStarts(options, opened.suite.name, unseen);
    return undefined;
  };
  return withSavedState(
    folder,
    others,
    async (opened, starts) => {
      const { learned, unseen } = checkUnseen(folder, opened);
      const known: LearnedTask[] = [];
      for (const [j, { parameters }] of learned.entries()) {
        const dynamics = await opened.agent.dynamicsOf(elementAt(opened.indices, j, "tasks"));
        known.push({ parameters, dynamics });
      }
      const tasks = await new UnseenPlay(opened, { ...options, starts }, known, learned).all(unseen);
      return {
        ...{ folder, afterTask: opened.afterTask },
        ...startsNote(starts),
        learned: learned.map(({ name, parameters }) => ({ task: name, parameters })),
        complete: options.signal?.aborted !== true,
        tasks,
        record: await suiteNow(opened.suite, opened.suite.tasks.length, options),
      };
    },
    check,
  );
}

/** Options with the starts that were chosen by them. */
type PlayOptions = Omit<UnseenOptions, "starts"> & { readonly starts: StartChoice };

/** Plays tasks that were never learned. */
class UnseenPlay {
  readonly #opened: SavedState;
  readonly #options: PlayOptions;
  readonly #known: readonly LearnedTask[];
  readonly #names: readonly string[];
  readonly #threads: EpisodeThreads | undefined;

  /** @param learned the tasks of the models, in their order */
  constructor(
    opened: SavedState,
    options: PlayOptions,
    known: readonly LearnedTask[],
    learned: readonly Task[],
  ) {
    this.#opened = opened;
    this.#options = options;
    this.#known = known;
    this.#names = learned.map(({ name }) => name);
    this.#threads = episodeThreads(opened.suite, opened.planner, opened.threads);
  }

  /** Whole episodes only: the one that the signal interrupts is dropped. */
  async all(tasks: readonly TaskWithParameters[]): Promise<UnseenTask[]> {
    const out: UnseenTask[] = [];
    try {
      for (const task of tasks) {
        const { name, parameters } = task;
        const played = {
          task: name,
          parameters,
          random: [] as Outcome[],
          models: [] as UnseenModelEvaluation[],
        };
        out.push(played);
        await this.#play(task, played);
        if (this.#options.signal?.aborted) break;
      }
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    } finally {
      await this.#threads?.close();
    }
    return out;
  }

  async #play(
    task: TaskWithParameters,
    { random, models }: { readonly random: Outcome[]; readonly models: UnseenModelEvaluation[] },
  ): Promise<void> {
    const { recordings: _, ...options } = this.#options;
    const how = { ...episodeOptions(this.#opened, options), task, taskIndex: this.#indexOf(task) };
    for await (const { outcome } of evaluateRandomPolicy(how)) random.push(outcome);
    for (const model of UNSEEN_MODELS) {
      const episodes: EvaluatedEpisode[] = [];
      const measured = { model, mixture: this.#mixture(model, task), episodes };
      models.push(measured);
      for await (const episode of this.#episodes(model, task, (modelError) =>
        Object.assign(measured, { modelError }),
      )) {
        episodes.push(episode);
        this.#options.onEpisode?.(task.name, model, episode);
      }
    }
  }

  async *#episodes(
    model: UnseenModel,
    task: TaskWithParameters,
    onModelError: (error: ModelError) => void,
  ): AsyncGenerator<EvaluatedEpisode> {
    const { agent, afterTask } = this.#opened;
    const recordings = this.#folderFor(model);
    const options = { ...this.#options, ...(recordings !== undefined && { recordings }) };
    const how = { ...episodeOptions(this.#opened, options), task, taskIndex: this.#indexOf(task) };
    const dynamics = unseenDynamics(model, this.#known, task.parameters);
    const played = evaluateDynamics(agent, dynamics, afterTask - 1, how, onModelError, this.#threads);
    for await (const episode of played) yield evaluated(episode, recordings);
  }

  /** Each model has a folder of its own, as their recordings have the same names. */
  #folderFor(model: UnseenModel): string | undefined {
    const { recordings } = this.#options;
    if (recordings === undefined) return undefined;
    const folder = join(recordings, model);
    makeFolder(folder);
    return folder;
  }

  #mixture(model: UnseenModel, { parameters }: TaskWithParameters): Record<string, number> {
    const shares = unseenMixture(model, this.#known, parameters);
    const named = this.#names.map((name, j) => [name, elementAt(shares, j, "tasks")] as const);
    return Object.fromEntries(named.filter(([, share]) => share !== 0));
  }

  #indexOf(task: Task): number {
    return this.#opened.suite.tasks.indexOf(task);
  }
}

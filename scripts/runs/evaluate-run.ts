import { existsSync } from "node:fs";
import { join } from "node:path";
import { EpisodeRun, type Outcome, Stopped } from "../../agent/episode-run.js";
import { EVALUATION_SEED, evaluationName } from "../../agent/loop.js";
import type { MpcPolicy } from "../../agent/policy.js";
import { hashSettings } from "../../agent/run/store.js";
import { changePlanner, parseSettings, type Settings } from "../../agent/settings/schema.js";
import { UsageError } from "../../sim/core/errors.js";
import { makeFolder } from "../../sim/core/files.js";
import { Rng } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
import type { EpisodeHeader } from "../../sim/recording/episode.js";
import type { Task } from "../../sim/task.js";
import { openSavedState, type SavedStateOptions } from "./saved-state.js";
import { currentVersions } from "./versions.js";

/** What `evaluateRun` measures, and how. */
export interface EvaluateOptions extends SavedStateOptions {
  /** Episodes per task; default as in the run. */
  readonly episodes?: number;
  /** Seed of starts and planner noise; default the run's own, which repeats its evaluation exactly. */
  readonly seed?: number;
  /** Planner settings that replace the run's own. */
  readonly planner?: Partial<Settings["planner"]>;
  /** The same as assignments, such as `planner.samples=200`. */
  readonly assignments?: readonly string[];
  /** New folder for recordings of the episodes, with the plan of every step. */
  readonly recordings?: string;
  /** Receives every episode as it ends. */
  readonly onEpisode?: (task: string, episode: EvaluatedEpisode) => void;
  readonly signal?: AbortSignal;
}

/** What came of one evaluation episode. */
export type EvaluatedEpisode = Outcome;

/** The evaluation episodes of one task. */
export interface TaskEvaluation {
  readonly task: string;
  readonly episodes: readonly EvaluatedEpisode[];
}

/** What `evaluateRun` found. */
export interface RunEvaluation {
  readonly folder: string;
  /** Tasks learned by the state that was evaluated. */
  readonly afterTask: number;
  /** False when the signal stopped it; tasks then hold what was measured. */
  readonly complete: boolean;
  readonly tasks: readonly TaskEvaluation[];
}

/**
 * Evaluates a saved state of a run on every task it has learned; changes nothing in the run folder.
 * @throws InputError when there is no such state or it is damaged, UsageError when a number is out of range or the folder
 *   for recordings exists
 */
export async function evaluateRun(folder: string, options: EvaluateOptions = {}): Promise<RunEvaluation> {
  const { recordings } = options;
  if (recordings !== undefined && existsSync(recordings)) {
    throw new UsageError({ what: `${recordings} exists`, expected: "a path for a new folder" });
  }
  const opened = await openSavedState(folder, options, (settings) => {
    const planner = { ...settings.planner, ...options.planner };
    const changed = parseSettings({ ...settings, planner }, "the planner settings");
    return changePlanner(changed, options.assignments ?? []);
  });
  const { agent, afterTask, settings, planned, tasks } = opened;
  const { episodes = settings.loop.evaluationEpisodes, seed, signal, onEpisode } = options;
  try {
    const rng = Rng.fromSeed(seed ?? settings.seed);
    if (recordings !== undefined) makeFolder(recordings);
    const { hypercrl, physics } = currentVersions();
    const origin = {
      suite: settings.suite,
      settingsHash: hashSettings(planned),
      versions: { hypercrl, physics },
      phase: "evaluate",
      afterTask: afterTask - 1,
    } as const;
    const out: { task: string; episodes: EvaluatedEpisode[] }[] = [];
    for (const [j, task] of tasks.entries()) {
      const stream = (k: number) => rng.split(`evaluate/${afterTask - 1}/${j}/${k}`);
      const policy = await agent.policyFor(j, stream(0));
      const done: EvaluatedEpisode[] = [];
      out.push({ task: task.name, episodes: done });
      const measure: Measurement = {
        ...{ task, policy, stream, episodes, firstSeed: seed ?? EVALUATION_SEED, signal },
        ...(recordings !== undefined && {
          recording: {
            header: { ...origin, task: task.name, taskIndex: j },
            path: (k) => join(recordings, `${evaluationName(afterTask - 1, j, k)}.mcap`),
          },
        }),
      };
      for await (const episode of runEpisodes(measure)) {
        done.push(episode);
        onEpisode?.(task.name, episode);
      }
      await policy.release();
      if (signal?.aborted) break;
    }
    return { folder, afterTask, complete: !signal?.aborted, tasks: out };
  } finally {
    await agent.release();
  }
}

interface Measurement {
  readonly task: Task;
  readonly policy: MpcPolicy;
  readonly stream: (episode: number) => Rng;
  readonly episodes: number;
  readonly firstSeed: number;
  readonly signal: AbortSignal | undefined;
  readonly recording?: {
    readonly header: Omit<EpisodeHeader, "seed">;
    readonly path: (episode: number) => string;
  };
}

/** Whole episodes only: the one that the signal interrupts is dropped. */
async function* runEpisodes(m: Measurement): AsyncGenerator<EvaluatedEpisode> {
  const environment = new Environment(m.task);
  const stopRequested = () => m.signal?.aborted === true;
  try {
    for (let k = 0; k < m.episodes; k++) {
      m.policy.startEpisode(m.stream(k));
      const recording = m.recording && { ...m.recording, path: m.recording.path(k), plans: true };
      const seed = m.firstSeed + k;
      const episode = new EpisodeRun(environment, { seed, stopRequested, ...(recording && { recording }) });
      while (!episode.over) await episode.act(m.policy);
      yield await episode.finish();
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    environment.close();
  }
}

import { EVALUATION_SEED } from "../agent/loop.js";
import type { MpcPolicy } from "../agent/policy.js";
import { changePlanner, parseSettings, type Settings } from "../agent/settings.js";
import { Rng } from "../sim/core/rng.js";
import { Environment } from "../sim/environment.js";
import type { Task } from "../sim/task.js";
import { openSavedState, type SavedStateOptions } from "./saved-state.js";

export interface EvaluateOptions extends SavedStateOptions {
  /** Episodes per task; default as in the run. */
  readonly episodes?: number;
  /** Seed of starts and planner noise; default the run's own, which repeats its evaluation exactly. */
  readonly seed?: number;
  /** Planner settings that replace the run's own. */
  readonly planner?: Partial<Settings["planner"]>;
  /** The same as assignments, such as `planner.samples=200`. */
  readonly assignments?: readonly string[];
  readonly onEpisode?: (task: string, episode: EvaluatedEpisode) => void;
  readonly signal?: AbortSignal;
}

export interface EvaluatedEpisode {
  readonly return: number;
  readonly success: boolean;
  readonly measures: Readonly<Record<string, number>>;
}

export interface TaskEvaluation {
  readonly task: string;
  readonly episodes: readonly EvaluatedEpisode[];
}

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
 * @throws InputError when there is no such state or it is damaged, UsageError when a number is out of range
 */
export async function evaluateRun(folder: string, options: EvaluateOptions = {}): Promise<RunEvaluation> {
  const opened = await openSavedState(folder, options, (settings) => {
    const planner = { ...settings.planner, ...options.planner };
    const changed = parseSettings({ ...settings, planner }, "the planner settings");
    return changePlanner(changed, options.assignments ?? []);
  });
  const { agent, afterTask, settings, tasks } = opened;
  const { episodes = settings.loop.evaluationEpisodes, seed, signal, onEpisode } = options;
  try {
    const rng = Rng.fromSeed(seed ?? settings.seed);
    const out: { task: string; episodes: EvaluatedEpisode[] }[] = [];
    for (const [j, task] of tasks.entries()) {
      const stream = (k: number) => rng.split(`evaluate/${afterTask - 1}/${j}/${k}`);
      const policy = await agent.policyFor(j, stream(0));
      const done: EvaluatedEpisode[] = [];
      out.push({ task: task.name, episodes: done });
      const measure = { task, policy, stream, episodes, firstSeed: seed ?? EVALUATION_SEED, signal };
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
}

/** Whole episodes only: the one that the signal interrupts is dropped. */
async function* runEpisodes(m: Measurement): AsyncGenerator<EvaluatedEpisode> {
  const environment = new Environment(m.task);
  try {
    for (let k = 0; k < m.episodes; k++) {
      m.policy.startEpisode(m.stream(k));
      let observation = environment.reset(m.firstSeed + k);
      let sum = 0;
      for (let over = false; !over; ) {
        const result = environment.step(await m.policy.act(observation));
        if (m.signal?.aborted) return;
        observation = result.observation;
        sum += result.reward;
        over = result.terminated || result.truncated;
      }
      const measures = environment.scene.measure();
      yield { return: sum, success: m.task.succeeded(measures), measures };
    }
  } finally {
    environment.close();
  }
}

import type { Rng } from "../../sim/core/rng.js";
import type { Environment } from "../../sim/environment.js";
import type { Outcome } from "../episode-run.js";
import type { MpcPolicy } from "../policy.js";
import { evaluationFile } from "../run/recording-names.js";
import { beginEpisode, type EpisodesInCommon, evaluationEnvironment } from "./evaluation-episode.js";
import type { Trajectory } from "./model-error.js";

/** An evaluation episode as it was played. */
export interface PlayedEpisode {
  readonly outcome: Outcome;
  /** Name of the recording in `Recordings.folder`; there is no such file where nothing is recorded. */
  readonly file: string;
  readonly trajectory: Trajectory;
}

/** The random numbers of an evaluation episode: they depend on nothing but the run's seed, the moment, the task and the episode. */
export function episodeStream(rng: Rng, afterTask: number, taskIndex: number, episode: number): Rng {
  return rng.split(`evaluate/${afterTask}/${taskIndex}/${episode}`);
}

/**
 * Plays evaluation episodes of one task, in an environment of its own and with weights that stay as they are. What an episode is does
 * not depend on which others were played before.
 */
export class EpisodePlayer {
  readonly #policy: MpcPolicy;
  readonly #afterTask: number;
  readonly #options: Omit<EpisodesInCommon, "stopRequested">;
  readonly #environment: Environment;

  /**
   * @param policy of the task; stays the caller's
   * @param afterTask index of the last task learned
   */
  constructor(policy: MpcPolicy, afterTask: number, options: Omit<EpisodesInCommon, "stopRequested">) {
    this.#policy = policy;
    this.#afterTask = afterTask;
    this.#options = options;
    this.#environment = evaluationEnvironment(options);
  }

  /**
   * @param episode counts from 0
   * @param stopRequested true once this episode shall stop
   * @throws Stopped when that is so, in the middle of the episode
   */
  async play(episode: number, stopRequested: () => boolean): Promise<PlayedEpisode> {
    const { taskIndex, rng } = this.#options;
    const afterTask = this.#afterTask;
    const policy = this.#policy;
    const file = evaluationFile(afterTask, taskIndex, episode);
    const kind = { phase: "evaluate", afterTask } as const;
    const run = beginEpisode(this.#environment, { ...this.#options, stopRequested }, kind, file, episode);
    const states = [run.state];
    const actions: Float32Array[] = [];
    const outcome = await run.run(async () => {
      policy.startEpisode(episodeStream(rng, afterTask, taskIndex, episode));
      while (!run.over) {
        actions.push((await run.act(policy)).slice());
        states.push(run.state);
      }
    });
    return { outcome, file, trajectory: { states, actions } };
  }

  close(): void {
    this.#environment.close();
  }
}

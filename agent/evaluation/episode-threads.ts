import type { RngState } from "../../sim/core/rng.js";
import type { Recordings } from "../episode-run.js";
import { Stopped } from "../episode-run.js";
import type { TaskDynamics } from "../model/dynamics.js";
import type { Settings } from "../settings/schema.js";
import { CallThread, type ThreadName } from "../threads/call-thread.js";
import type { EpisodePlayer, PlayedEpisode } from "./episode-player.js";
import type { EvaluationOptions } from "./evaluation-episode.js";
import type { StartChoice } from "./evaluation-starts.js";
import { EpisodeLimit, type PlayEpisode, playTogether } from "./play-together.js";

/** A task whose episodes are played, as a thread is told of it. */
export interface PlayedTask {
  /** Index of the task in its suite. */
  readonly taskIndex: number;
  /** Index of the last task learned. */
  readonly afterTask: number;
  /** They name the suite and the planner. */
  readonly settings: Settings;
  readonly dynamics: TaskDynamics;
  /** State of `EvaluationOptions.rng`. */
  readonly rng: RngState;
  readonly starts: StartChoice | undefined;
  readonly recordings: Recordings | undefined;
}

/** What a thread is asked; see `serveEpisodes`. */
export type EpisodeCall =
  | { readonly type: "open"; readonly task: PlayedTask; readonly limit: SharedArrayBuffer }
  | { readonly type: "play"; readonly episode: number };

/** The answer to `play`. */
export type EpisodeAnswer = PlayedEpisode | "stopped";

const NAME: ThreadName = {
  what: "thread that plays evaluation episodes",
  todo: "Resume the run with `hypercrl train --resume FOLDER`, or evaluate again; with --threads 1 there is no such thread",
};

/** Threads that play evaluation episodes at the same time. They are started when they are first needed. */
export class EpisodeThreads {
  readonly #file: string;
  readonly #count: number;
  #threads: readonly CallThread<EpisodeCall>[] = [];

  /**
   * @param file of the build, a script that calls `serveEpisodes`
   * @param threads with the calling one
   */
  constructor(file: string, threads: number) {
    this.#file = file;
    this.#count = threads - 1;
  }

  /**
   * Plays episodes of a task on several threads and gives them out in their order; see `playTogether`.
   * @param own plays on the calling thread
   * @param task the same for the others
   * @param joins resolved when the calling thread may play along; by default at once
   */
  async *play(
    own: Pick<EpisodePlayer, "play">,
    task: PlayedTask,
    { episodes, stopRequested }: Pick<EvaluationOptions, "episodes" | "stopRequested">,
    joins?: Promise<void>,
  ): AsyncGenerator<PlayedEpisode> {
    const limit = new EpisodeLimit();
    const others = this.#started().slice(0, episodes - 1);
    const players: PlayEpisode[] = [
      (episode) => own.play(episode, () => stopRequested() || !limit.allows(episode)),
      ...others.map((thread) => playOn(thread, task, limit)),
    ];
    yield* playTogether(players, episodes, limit, stopRequested, joins);
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.release()));
  }

  #started(): readonly CallThread<EpisodeCall>[] {
    if (this.#threads.length === 0) {
      this.#threads = Array.from({ length: this.#count }, () => new CallThread(this.#file, undefined, NAME));
    }
    return this.#threads;
  }
}

/** A player on another thread, which turns to the task with the first episode. */
function playOn(thread: CallThread<EpisodeCall>, task: PlayedTask, limit: EpisodeLimit): PlayEpisode {
  let opened: Promise<unknown> | undefined;
  return async (episode) => {
    opened ??= thread.call({ type: "open", task, limit: limit.buffer });
    await opened;
    const answer = (await thread.call({ type: "play", episode })) as EpisodeAnswer;
    if (answer === "stopped") throw new Stopped();
    return answer;
  };
}

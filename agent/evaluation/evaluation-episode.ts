import { Rng } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
import type { EpisodeHeader } from "../../sim/recording/episode.js";
import type { Task } from "../../sim/task.js";
import { type EpisodeOptions, EpisodeRun, type Recordings } from "../episode-run.js";
import { EVALUATION_SEED, type StartChoice } from "./evaluation-starts.js";

const PUBLISHED: StartChoice = { kind: "published", seed: EVALUATION_SEED };

/** What is evaluated, and how. */
export interface EvaluationOptions {
  readonly task: Task;
  /** Index of the task. */
  readonly taskIndex: number;
  readonly episodes: number;
  /** Generator of the run's seed, which a stream for each episode is split from. */
  readonly rng: Rng;
  /** Default the published starts of every evaluation. */
  readonly starts?: StartChoice;
  readonly recordings: Recordings | undefined;
  /** True once the user asked to stop. */
  readonly stopRequested: () => boolean;
}

/** What all evaluation episodes of a task have in common. */
export type EpisodesInCommon = Omit<EvaluationOptions, "episodes"> & Pick<EpisodeOptions, "history">;

/**
 * Begins an evaluation episode of a task, whatever chooses its actions.
 * @param kind what the episodes are for
 * @param file name of its recording
 * @param episode counts from 0
 */
export function beginEpisode(
  environment: Environment,
  options: EpisodesInCommon,
  kind: Pick<EpisodeOptions["kind"], "phase" | "afterTask">,
  file: string,
  episode: number,
): EpisodeRun {
  const { taskIndex, starts = PUBLISHED, recordings, history = 0, stopRequested } = options;
  const start = { ...kind, taskIndex, ...episodeStart(starts, taskIndex, episode) };
  return new EpisodeRun(environment, { kind: start, recordings, file, history, stopRequested });
}

/** The environment that evaluation episodes of a task are played in, one after another. */
export function evaluationEnvironment({
  task,
  starts = PUBLISHED,
}: Pick<EvaluationOptions, "task" | "starts">): Environment {
  return new Environment(task, { variedStarts: starts.kind === "varied" });
}

/**
 * The start of an evaluation episode, as recordings note it. It depends on nothing but the choice, the task and the episode, so
 * that runs, methods and the oracle face the same. Varied ones come from a stream that no learning episode draws from.
 * @param taskIndex index of the task
 * @param episode counts from 0
 */
function episodeStart(
  { kind, seed }: StartChoice,
  taskIndex: number,
  episode: number,
): Pick<EpisodeHeader, "seed" | "starts"> {
  if (kind === "published") return { seed: seed + episode };
  const stream = Rng.fromSeed(seed).split(`evaluation-starts/task${taskIndex}/${episode}`);
  return { seed: stream.uint32(), starts: kind };
}

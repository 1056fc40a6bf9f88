import type { Environment } from "../../sim/environment.js";
import { randomAction } from "../../sim/random-action.js";
import type { Agent } from "../agent.js";
import type { EpisodeOptions, EpisodeRun, Outcome } from "../episode-run.js";
import type { TaskDynamics } from "../model/dynamics.js";
import { baselineFile, oracleFile } from "../run/recording-names.js";
import { EpisodePlayer, episodeStream, type PlayedEpisode } from "./episode-player.js";
import type { EpisodeThreads } from "./episode-threads.js";
import {
  beginEpisode,
  type EpisodesInCommon,
  type EvaluationOptions,
  evaluationEnvironment,
} from "./evaluation-episode.js";
import { type ModelError, ModelErrorMeter } from "./model-error.js";
import type { OraclePolicy } from "./oracle-policy.js";

/** An evaluation episode that came to its end. */
export interface FinishedEpisode {
  /** Counts from 0. */
  readonly episode: number;
  readonly outcome: Outcome;
  /** Name of the recording in `Recordings.folder`; there is no such file where nothing is recorded. */
  readonly file: string;
}

/**
 * Evaluates an agent on a task it has begun: plans with the weights as they are, and learns nothing. The same agent,
 * options and planner settings give the same episodes.
 * @param afterTask index of the last task learned
 * @param onModelError told, once the last episode has been given out, how well the model predicts all of them
 * @param threads that play episodes at the same time; without, they are played one after another, with the same results
 * @throws Stopped when the user asked to stop, in the middle of an episode
 */
export async function* evaluateTask(
  agent: Agent,
  afterTask: number,
  options: EvaluationOptions,
  onModelError: (error: ModelError) => void,
  threads?: EpisodeThreads,
): AsyncGenerator<FinishedEpisode> {
  const dynamics = await agent.dynamicsOf(options.taskIndex);
  yield* evaluateDynamics(agent, dynamics, afterTask, options, onModelError, threads);
}

/**
 * Evaluates a model of a task, which need not be one that the agent has learned; otherwise as `evaluateTask`.
 * @param agent whose planner and settings it is planned with
 * @param dynamics stay as they are until the end, also where the agent learns meanwhile
 * @param joins resolved when the calling thread has nothing else to do and plays along; by default at once
 */
export async function* evaluateDynamics(
  agent: Agent,
  dynamics: TaskDynamics,
  afterTask: number,
  options: EvaluationOptions,
  onModelError: (error: ModelError) => void,
  threads?: EpisodeThreads,
  joins?: Promise<void>,
): AsyncGenerator<FinishedEpisode> {
  const { task, taskIndex, rng, starts, recordings, episodes: count, stopRequested } = options;
  const together = count > 1 ? threads : undefined;
  const stream = episodeStream(rng, afterTask, taskIndex, 0);
  const policy = await agent.policyOver(task, dynamics, stream, together === undefined);
  const { settings } = agent;
  const player = new EpisodePlayer(policy, afterTask, { ...options, history: settings.dynamics.history });
  try {
    // What other threads need to play along.
    const opened = { taskIndex, afterTask, settings, dynamics, rng: rng.state(), starts, recordings };
    const played =
      together === undefined
        ? playInTurn(player, count, stopRequested)
        : together.play(player, opened, options, joins);
    const meter = new ModelErrorMeter(task.spec);
    let episode = 0;
    for await (const { trajectory, ...finished } of played) {
      await meter.add(policy, trajectory);
      yield { episode: episode++, ...finished };
    }
    onModelError(meter.result());
  } finally {
    player.close();
    await policy.release();
  }
}

async function* playInTurn(
  player: EpisodePlayer,
  count: number,
  stopRequested: () => boolean,
): AsyncGenerator<PlayedEpisode> {
  for (let k = 0; k < count; k++) yield await player.play(k, stopRequested);
}

/**
 * Measures the random policy on a task.
 * @throws Stopped when the user asked to stop, in the middle of an episode
 */
export async function* evaluateRandomPolicy(options: EvaluationOptions): AsyncGenerator<FinishedEpisode> {
  const { task, taskIndex } = options;
  const rng = options.rng.split(`baseline/${taskIndex}`);
  const kind = { phase: "random", afterTask: -1 } as const;
  const fileOf = (k: number) => baselineFile(taskIndex, k);
  yield* playEpisodes(options, kind, fileOf, async (episode) => {
    while (!episode.over) episode.step(randomAction(task.spec, rng));
  });
}

/**
 * Lets the oracle play a task. The same options and settings of the policy give the same episodes.
 * @param onStep told of every step made, with its number in the episode, from 1
 * @throws Stopped when the user asked to stop, in the middle of an episode
 */
export async function* playOracle(
  policy: OraclePolicy,
  options: EvaluationOptions,
  onStep: (episode: number, step: number) => void,
): AsyncGenerator<FinishedEpisode> {
  const { taskIndex, rng } = options;
  const kind = { phase: "evaluate", afterTask: -1 } as const;
  const fileOf = (k: number) => oracleFile(taskIndex, k);
  yield* playEpisodes(options, kind, fileOf, async (episode, k, environment) => {
    policy.startEpisode(environment, rng.split(`oracle/${taskIndex}/${k}`));
    while (!episode.over) {
      await episode.act(policy);
      onStep(k, environment.stepsDone);
    }
  });
}

/**
 * Plays evaluation episodes of a task, whatever chooses the actions.
 * @param kind what the episodes are for
 * @param fileOf name of an episode's recording
 * @param play makes the steps of an episode
 * @throws Stopped when the user asked to stop, in the middle of an episode
 */
export async function* playEpisodes(
  options: EvaluationOptions & EpisodesInCommon,
  kind: Pick<EpisodeOptions["kind"], "phase" | "afterTask">,
  fileOf: (episode: number) => string,
  play: (run: EpisodeRun, episode: number, environment: Environment) => Promise<void>,
): AsyncGenerator<FinishedEpisode, undefined> {
  const environment = evaluationEnvironment(options);
  try {
    for (let k = 0; k < options.episodes; k++) {
      const file = fileOf(k);
      const run = beginEpisode(environment, options, kind, file, k);
      yield { episode: k, outcome: await run.run(() => play(run, k, environment)), file };
    }
  } finally {
    environment.close();
  }
  return undefined;
}

import { Rng } from "../sim/core/rng.js";
import { Environment } from "../sim/environment.js";
import { randomAction } from "../sim/random-action.js";
import type { EpisodeHeader } from "../sim/recording/episode.js";
import type { Task } from "../sim/task.js";
import type { Agent } from "./agent.js";
import { type EpisodeOptions, EpisodeRun, type Outcome, type Recordings } from "./episode-run.js";
import { EVALUATION_SEED, type StartChoice } from "./evaluation-starts.js";
import { type ModelError, ModelErrorMeter } from "./model-error.js";
import type { OraclePolicy } from "./oracle-policy.js";
import { baselineFile, evaluationFile, oracleFile } from "./run/recording-names.js";

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
 * @throws Stopped when the user asked to stop, in the middle of an episode
 */
export async function* evaluateTask(
  agent: Agent,
  afterTask: number,
  options: EvaluationOptions,
  onModelError: (error: ModelError) => void,
): AsyncGenerator<FinishedEpisode> {
  const { task, taskIndex, rng } = options;
  const stream = (k: number) => rng.split(`evaluate/${afterTask}/${taskIndex}/${k}`);
  const policy = await agent.policyFor(taskIndex, stream(0));
  try {
    const kind = { phase: "evaluate", afterTask } as const;
    const fileOf = (k: number) => evaluationFile(afterTask, taskIndex, k);
    const { history } = agent.settings.dynamics;
    const meter = new ModelErrorMeter(task.spec);
    yield* playEpisodes({ ...options, history }, kind, fileOf, async (episode, k) => {
      policy.startEpisode(stream(k));
      const states = [episode.state];
      const actions: Float32Array[] = [];
      while (!episode.over) {
        actions.push((await episode.act(policy)).slice());
        states.push(episode.state);
      }
      await meter.add(policy, { states, actions });
    });
    onModelError(meter.result());
  } finally {
    await policy.release();
  }
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
  options: EvaluationOptions & Pick<EpisodeOptions, "history">,
  kind: Pick<EpisodeOptions["kind"], "phase" | "afterTask">,
  fileOf: (episode: number) => string,
  play: (run: EpisodeRun, episode: number, environment: Environment) => Promise<void>,
): AsyncGenerator<FinishedEpisode> {
  const { task, taskIndex, episodes: count, starts = PUBLISHED } = options;
  const { recordings, history = 0, stopRequested } = options;
  const environment = new Environment(task, { variedStarts: starts.kind === "varied" });
  try {
    for (let k = 0; k < count; k++) {
      const start = { ...kind, taskIndex, ...episodeStart(starts, taskIndex, k) };
      const file = fileOf(k);
      const run = new EpisodeRun(environment, { kind: start, recordings, file, history, stopRequested });
      yield { episode: k, outcome: await run.run(() => play(run, k, environment)), file };
    }
  } finally {
    environment.close();
  }
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

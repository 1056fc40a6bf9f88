import { elementAt } from "../../sim/core/element.js";
import type { Rng } from "../../sim/core/rng.js";
import type { Task } from "../../sim/task.js";
import type { Agent } from "../agent.js";
import type { EpisodeRun, Outcome } from "../episode-run.js";
import type { UnannouncedPolicy } from "../recognition/unannounced-policy.js";
import { evaluationFile } from "../run/recording-names.js";
import { episodeStream } from "./episode-player.js";
import { type FinishedEpisode, playEpisodes } from "./evaluate-task.js";
import type { EvaluationOptions } from "./evaluation-episode.js";
import {
  type EpisodeEvidence,
  type Recognition,
  recognitionOf,
  switchedRecognitionOf,
} from "./recognition.js";
import { type SwitchSteps, TaskSwitcher } from "./task-switches.js";

/** What is evaluated, and how. */
export interface UnannouncedEvaluation extends Omit<EvaluationOptions, "task" | "taskIndex"> {
  /** The tasks that it may be, K. */
  readonly tasks: readonly Task[];
  /** Their indices in the suite, `[K]`. */
  readonly indices: readonly number[];
  /**
   * Episodes after which the task changes while what is believed is carried over; by default every task has all its episodes, and
   * every episode begins with all tasks equally probable.
   */
  readonly switchEvery?: number | undefined;
  /**
   * How many steps a task lasts within an episode, until it changes to another one drawn at random; every episode begins with all tasks
   * equally probable. By default a task lasts whole episodes. Not beside `switchEvery`.
   */
  readonly switchSteps?: SwitchSteps | undefined;
  /** What the order of the tasks and their changes are drawn by; default `rng`. */
  readonly order?: Rng | undefined;
}

/** An episode whose task was not announced. */
export interface UnannouncedEpisode extends FinishedEpisode {
  /** Which of the tasks that it might have been, 0-based. */
  readonly candidate: number;
  readonly recognition: Recognition;
  /** Where the task changes within episodes: what came of the same episode, with the same changes, when every task was told. */
  readonly told?: Outcome;
}

/**
 * Evaluates an agent on tasks that have ended without telling it which it faces. Starts and random numbers of an episode are those of
 * `evaluateTask`, so that an agent which is certain from the first step on plays the same episodes.
 * @param afterTask index of the last visit
 * @throws Stopped when the user asked to stop, in the middle of an episode; what `Agent.unannouncedPolicy` throws
 */
export async function* evaluateUnannounced(
  agent: Agent,
  afterTask: number,
  options: UnannouncedEvaluation,
): AsyncGenerator<UnannouncedEpisode> {
  const { tasks, indices, episodes, switchEvery, switchSteps, starts, rng, order: orderRng = rng } = options;
  const policy = await agent.unannouncedPolicy(indices, rng);
  const order =
    switchEvery === undefined
      ? inTurn(tasks.length, episodes)
      : mixed(tasks.length, episodes, switchEvery, orderRng);
  const { history } = agent.settings.dynamics;
  const names = tasks.map(({ name }) => name);
  const switcher = switchSteps && new TaskSwitcher(tasks, indices, switchSteps, starts, orderRng);
  const played = tasks.map((task, candidate) => {
    const taskIndex = elementAt(indices, candidate, "tasks");
    const own = { ...options, history, task, taskIndex, candidate, names, switcher };
    return unannouncedEpisodes(policy, afterTask, own);
  });
  try {
    let before: number | undefined;
    for (const candidate of order) {
      if (switchEvery === undefined) policy.forget();
      const { value } = await played[candidate]!.next();
      if (value === undefined) return;
      const afterSwitch = switchEvery !== undefined && before !== undefined && before !== candidate;
      yield { ...value, recognition: { ...value.recognition, afterSwitch } };
      before = candidate;
    }
  } finally {
    for (const generator of played) await generator.return(undefined);
    switcher?.close();
    await policy.release();
  }
}

/** How the episodes of one task are played. */
interface UnannouncedTaskOptions extends EvaluationOptions {
  readonly history: number;
  /** Of all tasks that it may be. */
  readonly names: readonly string[];
  /** The task, among those. */
  readonly candidate: number;
  /** Absent where the task stays the same within an episode. */
  readonly switcher: TaskSwitcher | undefined;
}

/** The episodes of one task, each played when it is asked for. */
async function* unannouncedEpisodes(
  policy: UnannouncedPolicy,
  afterTask: number,
  options: UnannouncedTaskOptions,
): AsyncGenerator<UnannouncedEpisode, undefined> {
  const { taskIndex, candidate, names, switcher } = options;
  const kind = { phase: "evaluate", afterTask } as const;
  const fileOf = (k: number) => evaluationFile(afterTask, taskIndex, k);
  let shown: EpisodeEvidence = { beliefs: [], disagreements: [] };
  const finished = playEpisodes(options, kind, fileOf, async (episode, k) => {
    shown = await playUntold(policy, afterTask, options, episode, k);
  });
  const told = switcher && toldEpisodes(policy, afterTask, { ...options, switcher });
  try {
    for await (const episode of finished) {
      const changes = switcher?.changesOf(candidate, episode.episode);
      const recognition =
        changes === undefined
          ? recognitionOf(shown, candidate, policy.certain)
          : switchedRecognitionOf(shown, candidate, changes, names, policy.certain);
      const same = (await told?.next())?.value?.outcome;
      yield {
        ...{ ...episode, candidate, recognition: { ...recognition, afterSwitch: false } },
        ...(same !== undefined && { told: same }),
      };
    }
  } finally {
    await told?.return(undefined);
  }
  return undefined;
}

/** Plays an episode by what is believed. @param k counts from 0 */
async function playUntold(
  policy: UnannouncedPolicy,
  afterTask: number,
  { taskIndex, rng, names, candidate, switcher }: UnannouncedTaskOptions,
  episode: EpisodeRun,
  k: number,
): Promise<EpisodeEvidence> {
  const changes = switcher?.changesOf(candidate, k) ?? [];
  policy.startEpisode(episodeStream(rng, afterTask, taskIndex, k));
  const beliefs = [policy.probabilities];
  const disagreements: number[] = [];
  while (!episode.over) {
    switcher?.change(episode, changes);
    const { state } = episode;
    episode.recordBelief({ tasks: names, probabilities: policy.probabilities });
    const action = await episode.act(policy);
    disagreements.push(policy.observe(state, action, episode.state));
    beliefs.push(policy.probabilities);
  }
  return { beliefs, disagreements };
}

/** The same episodes, with the same changes of the task, when the policy is told each task as it comes. They are not recorded. */
function toldEpisodes(
  policy: UnannouncedPolicy,
  afterTask: number,
  options: UnannouncedTaskOptions & { readonly switcher: TaskSwitcher },
): AsyncGenerator<FinishedEpisode, undefined> {
  const { taskIndex, rng, candidate, switcher } = options;
  const kind = { phase: "evaluate", afterTask } as const;
  const fileOf = (k: number) => evaluationFile(afterTask, taskIndex, k);
  return playEpisodes({ ...options, recordings: undefined }, kind, fileOf, async (episode, k) => {
    const changes = switcher.changesOf(candidate, k);
    policy.startEpisode(episodeStream(rng, afterTask, taskIndex, k));
    policy.tell(candidate);
    while (!episode.over) {
      const changed = switcher.change(episode, changes);
      if (changed !== undefined) policy.tell(changed);
      await episode.act(policy);
    }
    policy.tell(undefined);
  });
}

/** All episodes of the first task, then of the second, and so on. */
function inTurn(tasks: number, episodes: number): number[] {
  return Array.from({ length: tasks * episodes }, (_, i) => Math.floor(i / episodes));
}

/**
 * The task of each episode: round after round every task once, in an order of its own, for `each` episodes, the last time for
 * as many as are left. No two tasks that follow each other are the same.
 */
export function mixed(tasks: number, episodes: number, each: number, rng: Rng): number[] {
  const stream = rng.split("unannounced/order");
  const order: number[] = [];
  for (let done = 0; done < episodes; done += each) {
    const left = Array.from({ length: tasks }, (_, k) => k);
    while (left.length > 0) {
      const last = order.at(-1);
      const allowed = left.filter((k) => k !== last);
      const task = allowed[stream.integer(allowed.length)]!;
      left.splice(left.indexOf(task), 1);
      for (let k = 0; k < Math.min(each, episodes - done); k++) order.push(task);
    }
  }
  return order;
}

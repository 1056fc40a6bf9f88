import { elementAt } from "../../sim/core/element.js";
import type { Rng } from "../../sim/core/rng.js";
import type { Task } from "../../sim/task.js";
import type { Agent } from "../agent.js";
import type { UnannouncedPolicy } from "../recognition/unannounced-policy.js";
import { evaluationFile } from "../run/recording-names.js";
import { type FinishedEpisode, playEpisodes } from "./evaluate-task.js";
import type { EvaluationOptions } from "./evaluation-episode.js";

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
  /** What the order of the tasks is drawn by; default `rng`. */
  readonly order?: Rng | undefined;
}

/** Disagreement of the models from which on a step tells them apart. */
const INFORMATIVE = 2;

/** How an episode's task was recognised. */
export interface Recognition {
  /** Steps of the episode. */
  readonly steps: number;
  /** Steps that were planned with the right task as the most probable one. */
  readonly rightSteps: number;
  /** Steps after which the right task was the most probable one until the end; `null` where at the end it was not. */
  readonly stepsUntilRight: number | null;
  /**
   * The first informative step, counted from 1: the first in which two models differed in what they predicted by more than twice the
   * scale of their errors, see `Evidence.disagreement`; `null` where there was none.
   */
  readonly informativeStep: number | null;
  /**
   * Steps from the informative one on, with it, after which the right task was first more probable than all others together; 0
   * where it was so before, and `null` where it never was.
   */
  readonly detectionSteps: number | null;
  /** How often another task became certain after the right one had been more probable than all others together. */
  readonly falseAlarms: number;
  /** Whether what was believed came from an episode of another task. */
  readonly afterSwitch: boolean;
}

/** An episode whose task was not announced. */
export interface UnannouncedEpisode extends FinishedEpisode {
  /** Which of the tasks that it might have been, 0-based. */
  readonly candidate: number;
  readonly recognition: Recognition;
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
  const { tasks, indices, episodes, switchEvery, rng, order: orderRng = rng } = options;
  const policy = await agent.unannouncedPolicy(indices, rng);
  const order =
    switchEvery === undefined
      ? inTurn(tasks.length, episodes)
      : mixed(tasks.length, episodes, switchEvery, orderRng);
  const { history } = agent.settings.dynamics;
  const names = tasks.map(({ name }) => name);
  const played = tasks.map((task, candidate) => {
    const taskIndex = elementAt(indices, candidate, "tasks");
    return unannouncedEpisodes(policy, afterTask, { ...options, history, task, taskIndex, candidate, names });
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
    await policy.release();
  }
}

/** The episodes of one task, each played when it is asked for. */
async function* unannouncedEpisodes(
  policy: UnannouncedPolicy,
  afterTask: number,
  options: EvaluationOptions & {
    readonly history: number;
    readonly names: readonly string[];
    readonly candidate: number;
  },
): AsyncGenerator<UnannouncedEpisode, undefined> {
  const { taskIndex, rng, names, candidate } = options;
  const kind = { phase: "evaluate", afterTask } as const;
  const fileOf = (k: number) => evaluationFile(afterTask, taskIndex, k);
  let beliefs: Float64Array[] = [];
  let disagreements: number[] = [];
  const finished = playEpisodes(options, kind, fileOf, async (episode, k) => {
    policy.startEpisode(rng.split(`evaluate/${afterTask}/${taskIndex}/${k}`));
    beliefs = [policy.probabilities];
    disagreements = [];
    while (!episode.over) {
      const { state } = episode;
      episode.recordBelief({ tasks: names, probabilities: policy.probabilities });
      const action = await episode.act(policy);
      disagreements.push(policy.observe(state, action, episode.state));
      beliefs.push(policy.probabilities);
    }
  });
  for await (const episode of finished) {
    const recognition = recognitionOf(beliefs, candidate, disagreements, policy.certain);
    yield { ...episode, candidate, recognition: { ...recognition, afterSwitch: false } };
  }
  return undefined;
}

/**
 * @param beliefs probabilities `[K]` before the first step and after each
 * @param right which of the tasks is played
 * @param disagreements of the models, in each step
 * @param certain probability from which on a task is certain
 */
export function recognitionOf(
  beliefs: readonly Float64Array[],
  right: number,
  disagreements: readonly number[],
  certain: number,
): Omit<Recognition, "afterSwitch"> {
  const steps = disagreements.length;
  const isTop = beliefs.map((belief) => belief.every((p, k) => k === right || p < belief[right]!));
  const lastWrong = isTop.lastIndexOf(false);
  const informative = disagreements.findIndex((disagreement) => disagreement > INFORMATIVE);
  return {
    steps,
    rightSteps: isTop.slice(0, steps).filter(Boolean).length,
    stepsUntilRight: lastWrong === steps ? null : lastWrong + 1,
    ...detectionOf(beliefs, right, informative),
    falseAlarms: falseAlarmsIn(beliefs, right, certain),
  };
}

/** @param informative index of the first informative step, -1 where there is none */
function detectionOf(
  beliefs: readonly Float64Array[],
  right: number,
  informative: number,
): Pick<Recognition, "informativeStep" | "detectionSteps"> {
  if (informative === -1) return { informativeStep: null, detectionSteps: null };
  const steps = beliefs.slice(informative).findIndex((belief) => belief[right]! > 1 / 2);
  return { informativeStep: informative + 1, detectionSteps: steps === -1 ? null : steps };
}

function falseAlarmsIn(beliefs: readonly Float64Array[], right: number, certain: number): number {
  let [alarms, found] = [0, false];
  for (const belief of beliefs) {
    if (belief[right]! > 1 / 2) found = true;
    else if (found && belief.some((p, k) => k !== right && p >= certain)) {
      alarms++;
      found = false;
    }
  }
  return alarms;
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

import { elementAt, firstOf } from "../../sim/core/element.js";

/** Disagreement of the models from which on a step tells them apart. */
const INFORMATIVE = 2;

/** Steps since a change of the task up to which it is counted apart how many of them were right; what comes after the last is one more part. */
export const SINCE_SWITCH: readonly number[] = [5, 10, 20, 50, 100];

/** When the right task was found, in a stretch of steps in which it stayed the same. */
interface Detection {
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
}

/** How an episode's task was recognised; of an episode within which the task changes, `Detection` is that of the task it begins with. */
export interface Recognition extends Detection {
  /** Steps of the episode. */
  readonly steps: number;
  /** Steps that were planned with the right task as the most probable one. */
  readonly rightSteps: number;
  /** Steps after which the right task was the most probable one until the end; `null` where at the end it was not. */
  readonly stepsUntilRight: number | null;
  /** Whether what was believed came from an episode of another task. */
  readonly afterSwitch: boolean;
  /** Of an episode within which the task changes: what became of each change, in their order. */
  readonly switches?: readonly SwitchRecognition[];
}

/**
 * How a change of the task within an episode was recognised. Steps are counted from the change, and go on until the next one or the end
 * of the episode. A false alarm is also a third task that becomes certain before the right one was found.
 */
export interface SwitchRecognition extends Detection {
  /** Steps of the episode before it. */
  readonly after: number;
  /** Name of the task until then. */
  readonly from: string;
  /** Name of the task from then on. */
  readonly to: string;
  /** Whether the new task was more probable than all others together when it came: a mistake until then, and no detection. */
  readonly heldBefore: boolean;
  /** Steps until the next change, or the end. */
  readonly steps: number;
  /** How many of them were planned with the right task as the most probable one. */
  readonly rightSteps: number;
  /** Steps in each part of the time since the change, see `SINCE_SWITCH`. */
  readonly stepsSince: readonly number[];
  /** The right ones among them. */
  readonly rightSince: readonly number[];
}

/** What an episode showed, S steps of it. */
export interface EpisodeEvidence {
  /** Probabilities `[K]` before the first step and after each, `[S + 1]`. */
  readonly beliefs: readonly Float64Array[];
  /** How far apart the models were in each step, `[S]`. */
  readonly disagreements: readonly number[];
}

/**
 * How the one task of an episode was recognised.
 * @param right which of the tasks is played
 * @param certain probability from which on a task is certain
 */
export function recognitionOf(
  evidence: EpisodeEvidence,
  right: number,
  certain: number,
): Omit<Recognition, "afterSwitch" | "switches"> {
  return { ...shareOf(evidence, () => right), ...detectionOf(evidence, right, certain) };
}

/** A change of the task within an episode, after at least one step. */
export interface SwitchMade {
  /** Steps of the episode before it. */
  readonly after: number;
  /** The task from then on, among those that it may be. */
  readonly candidate: number;
}

/**
 * How the tasks of an episode were recognised that changes between them.
 * @param first which of the tasks it begins with
 * @param planned the changes, in their order; those that an episode which ends by itself does not come to are left out
 * @param names of the tasks that it may be, `[K]`
 */
export function switchedRecognitionOf(
  evidence: EpisodeEvidence,
  first: number,
  planned: readonly SwitchMade[],
  names: readonly string[],
  certain: number,
): Omit<Recognition, "afterSwitch"> {
  const { length } = evidence.disagreements;
  const made = planned.filter(({ after }) => after < length);
  const ends = [...made.map(({ after }) => after), length];
  const switches = made.map(({ after, candidate }, i): SwitchRecognition => {
    const before = i === 0 ? first : elementAt(made, i - 1, "changes").candidate;
    const own = stretchOf(evidence, after, ends[i + 1]!);
    return {
      after,
      from: elementAt(names, before, "tasks"),
      to: elementAt(names, candidate, "tasks"),
      heldBefore: firstOf(own.beliefs, "beliefs")[candidate]! > 1 / 2,
      ...rightSince(own.beliefs, candidate, own.disagreements.length),
      ...detectionOf(own, candidate, certain, before),
    };
  });
  const opening = detectionOf(stretchOf(evidence, 0, ends[0]!), first, certain);
  const rightIn = (state: number) => made.findLast(({ after }) => after <= state)?.candidate ?? first;
  return {
    ...shareOf(evidence, rightIn),
    ...opening,
    falseAlarms: switches.reduce((sum, { falseAlarms }) => sum + falseAlarms, opening.falseAlarms),
    switches,
  };
}

function stretchOf({ beliefs, disagreements }: EpisodeEvidence, from: number, to: number): EpisodeEvidence {
  return { beliefs: beliefs.slice(from, to + 1), disagreements: disagreements.slice(from, to) };
}

/** @param rightIn the right task after so many steps */
function shareOf(
  { beliefs, disagreements }: EpisodeEvidence,
  rightIn: (state: number) => number,
): Pick<Recognition, "steps" | "rightSteps" | "stepsUntilRight"> {
  const steps = disagreements.length;
  const isRight = beliefs.map((belief, state) => isTop(belief, rightIn(state)));
  const lastWrong = isRight.lastIndexOf(false);
  return {
    steps,
    rightSteps: isRight.slice(0, steps).filter(Boolean).length,
    stepsUntilRight: lastWrong === steps ? null : lastWrong + 1,
  };
}

function isTop(belief: Float64Array, right: number): boolean {
  return belief.every((p, k) => k === right || p < belief[right]!);
}

function rightSince(
  beliefs: readonly Float64Array[],
  right: number,
  steps: number,
): Pick<SwitchRecognition, "steps" | "rightSteps" | "stepsSince" | "rightSince"> {
  const parts = SINCE_SWITCH.length + 1;
  const [stepsSince, rightIn] = [new Array<number>(parts).fill(0), new Array<number>(parts).fill(0)];
  for (let step = 0; step < steps; step++) {
    const found = SINCE_SWITCH.findIndex((last) => step < last);
    const part = found === -1 ? parts - 1 : found;
    stepsSince[part]!++;
    if (isTop(beliefs[step]!, right)) rightIn[part]!++;
  }
  return { steps, rightSteps: rightIn.reduce((a, b) => a + b, 0), stepsSince, rightSince: rightIn };
}

/** @param before the task until the stretch began, where it was another one */
function detectionOf(
  { beliefs, disagreements }: EpisodeEvidence,
  right: number,
  certain: number,
  before?: number,
): Detection {
  const falseAlarms = falseAlarmsIn(beliefs, right, certain, before);
  const informative = disagreements.findIndex((disagreement) => disagreement > INFORMATIVE);
  if (informative === -1) return { informativeStep: null, detectionSteps: null, falseAlarms };
  const steps = beliefs.slice(informative).findIndex((belief) => belief[right]! > 1 / 2);
  return {
    informativeStep: informative + 1,
    detectionSteps: steps === -1 ? null : steps,
    falseAlarms,
  };
}

function falseAlarmsIn(
  beliefs: readonly Float64Array[],
  right: number,
  certain: number,
  before: number | undefined,
): number {
  let alarms = 0;
  // The task that may be believed in without a mistake of the present stretch; undefined before one was found, and after an alarm.
  let held = before;
  for (const belief of beliefs) {
    if (belief[right]! > 1 / 2) held = right;
    else if (held !== undefined && belief.some((p, k) => k !== right && k !== held && p >= certain)) {
      alarms++;
      held = undefined;
    }
  }
  return alarms;
}

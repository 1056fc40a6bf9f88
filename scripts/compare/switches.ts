import { SINCE_SWITCH, type SwitchRecognition } from "../../agent/evaluation/recognition.js";
import { meanOf } from "../../sim/core/mean.js";
import { medianOf } from "../../sim/core/median.js";
import type { RecognizedEpisode, UnannouncedTask } from "../evaluate/evaluate-unannounced.js";

/** Steps from the first informative one on, within which a task must be found to count as detected. */
export const DETECTION_LIMIT = 100;

/** How changes of the task within episodes were found. */
export interface SwitchFigures {
  /** Changes. */
  readonly changes: number;
  /** Those after which a step was informative before the next change or the end. */
  readonly informative: number;
  /** Informative ones of which the new task came to be more probable than all others together within `DETECTION_LIMIT` steps. */
  readonly detected: number;
  /** Detected ones of which the new task was so probable already when it came, by mistake. */
  readonly heldBefore: number;
  /** Informative ones that were not detected, and were followed by fewer steps than that until the next change or the end. */
  readonly cutShort: number;
  /** Median over the detected ones, steps from the informative one on; `null` where there are none. */
  readonly detectionSteps: number | null;
  /** Median over the detected ones, steps from the change on; `null` where there are none. */
  readonly delay: number | null;
  readonly falseAlarms: number;
  /** Of 10,000 steps. */
  readonly falseAlarmRate: number;
}

/** How often the right task was on top, so many steps after a change. */
interface AccuracySince {
  /** First and last of the steps, counted from 1 after a change; `null`: all later ones. */
  readonly from: number;
  readonly to: number | null;
  /** How many steps there were, and how many were planned with the right task as the most probable one. */
  readonly steps: number;
  readonly rightSteps: number;
  /** The share of the right ones; `null` where there were no steps. */
  readonly share: number | null;
}

/** What `evaluate --switch-steps` says of the changes. */
export interface SwitchReport {
  /** Of all changes; false alarms are those of all steps, also before the first change of an episode. */
  readonly all: SwitchFigures;
  /** By the task that was changed to. */
  readonly byTask: readonly ({ readonly task: string } & SwitchFigures)[];
  readonly accuracy: readonly AccuracySince[];
  /** Share of all steps that were planned with the right task as the most probable one. */
  readonly rightShare: number;
  /** Mean return of all episodes, the same of those that were told every task, and the first divided by the second. */
  readonly mean: number;
  readonly toldReturn: number;
  readonly toldRatio: number;
}

/** Sums up the changes of an evaluation within whose episodes tasks changed. */
export function switchReport(tasks: readonly UnannouncedTask[]): SwitchReport {
  const episodes = tasks.flatMap((task) => task.episodes);
  const recognised = episodes.map(({ recognition }) => recognition);
  const changes = recognised.flatMap(({ switches = [] }) => switches);
  const mean = meanOf(episodes.map((episode) => episode.return));
  const toldReturn = meanOf(episodes.flatMap((episode) => episode.toldReturn ?? []));
  return {
    all: { ...figuresOf(changes), ...alarmsOf(recognised) },
    byTask: tasks.map(({ task }) => ({ task, ...figuresOf(changes.filter(({ to }) => to === task)) })),
    accuracy: accuracySince(changes),
    rightShare:
      sumOf(recognised.map(({ rightSteps }) => rightSteps)) / sumOf(recognised.map(({ steps }) => steps)),
    ...{ mean, toldReturn, toldRatio: mean / toldReturn },
  };
}

function figuresOf(changes: readonly SwitchRecognition[]): SwitchFigures {
  const informative = changes.filter(({ informativeStep }) => informativeStep !== null);
  const detected = informative.filter(isDetected);
  const median = (numbers: readonly number[]) => (numbers.length === 0 ? null : medianOf(numbers));
  const left = ({ steps, informativeStep }: SwitchRecognition) => steps - informativeStep! + 1;
  return {
    changes: changes.length,
    informative: informative.length,
    detected: detected.length,
    heldBefore: detected.filter((change) => change.heldBefore).length,
    cutShort: informative.filter((change) => !isDetected(change) && left(change) < DETECTION_LIMIT).length,
    detectionSteps: median(detected.map(({ detectionSteps }) => detectionSteps!)),
    delay: median(detected.map((change) => change.informativeStep! - 1 + change.detectionSteps!)),
    ...alarmsOf(changes),
  };
}

function isDetected({ informativeStep, detectionSteps }: SwitchRecognition): boolean {
  return informativeStep !== null && detectionSteps !== null && detectionSteps <= DETECTION_LIMIT;
}

/** @param stretches steps in which false alarms were counted */
function alarmsOf(
  stretches: readonly Pick<RecognizedEpisode["recognition"], "falseAlarms" | "steps">[],
): Pick<SwitchFigures, "falseAlarms" | "falseAlarmRate"> {
  const falseAlarms = sumOf(stretches.map((stretch) => stretch.falseAlarms));
  const steps = sumOf(stretches.map((stretch) => stretch.steps));
  return { falseAlarms, falseAlarmRate: steps === 0 ? 0 : (10_000 * falseAlarms) / steps };
}

function accuracySince(changes: readonly SwitchRecognition[]): AccuracySince[] {
  return [...SINCE_SWITCH, null].map((to, part) => {
    const steps = sumOf(changes.map(({ stepsSince }) => stepsSince[part]!));
    const rightSteps = sumOf(changes.map(({ rightSince }) => rightSince[part]!));
    const from = part === 0 ? 1 : SINCE_SWITCH[part - 1]! + 1;
    return { from, to, steps, rightSteps, share: steps === 0 ? null : rightSteps / steps };
  });
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

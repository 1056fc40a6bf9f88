import { medianOf } from "../../../sim/core/median.js";
import { DETECTION_LIMIT } from "../../compare/switches.js";
import type { UnannouncedTask } from "../../evaluate/evaluate-unannounced.js";
import { figures } from "./evaluate.js";

/**
 * The figures of a task. Where the task changes between episodes, how long it took is counted in those after a change alone; where it
 * changes within them, what was detected is the task that an episode begins with.
 * @param switchEvery as in the evaluation
 */
export function recognitionFigures(task: UnannouncedTask, switchEvery: number | undefined) {
  const { episodes, toldReturn } = task;
  const all = episodes.map(({ recognition }) => recognition);
  const counted = switchEvery === undefined ? all : all.filter(({ afterSwitch }) => afterSwitch);
  const until = counted.flatMap(({ stepsUntilRight }) => (stepsUntilRight === null ? [] : [stepsUntilRight]));
  const informative = counted.filter(({ informativeStep }) => informativeStep !== null);
  const detected = informative.flatMap(({ detectionSteps }) =>
    detectionSteps === null || detectionSteps > DETECTION_LIMIT ? [] : [detectionSteps],
  );
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  const own = figures(task);
  return {
    ...own,
    rightShare: sum(all.map(({ rightSteps }) => rightSteps)) / sum(all.map(({ steps }) => steps)),
    recognizedEpisodes: until.length,
    countedEpisodes: counted.length,
    stepsUntilRight: until.length === 0 ? null : medianOf(until),
    detectedEpisodes: detected.length,
    informativeEpisodes: informative.length,
    detectionSteps: detected.length === 0 ? null : medianOf(detected),
    falseAlarms: sum(all.map(({ falseAlarms }) => falseAlarms)),
    falseAlarmRate:
      (10_000 * sum(all.map(({ falseAlarms }) => falseAlarms))) / sum(all.map(({ steps }) => steps)),
    ...(toldReturn !== undefined && toldReturn !== 0 && { toldRatio: own.mean / toldReturn }),
  };
}

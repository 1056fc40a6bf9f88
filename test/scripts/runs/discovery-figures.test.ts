import { expect, it } from "vitest";
import type { DetectionRecord, EpisodeRecord } from "../../../agent/run/records.js";
import { discoveryText } from "../../../scripts/compare/discovery-text.js";
import { discoveryFigures } from "../../../scripts/runs/discovery-figures.js";
import { episodeRecord } from "../../agent/run/make-records.js";

const NAMES = ["a", "b"];

function episode(visit: number, taskIndex: number, believed: EpisodeRecord["believed"]): EpisodeRecord {
  return episodeRecord({ task: NAMES[taskIndex]!, taskIndex, visit, ...(believed && { believed }) });
}

function detection(visit: number, taskIndex: number, change: Partial<DetectionRecord>): DetectionRecord {
  const what = { type: "detection", task: NAMES[taskIndex]!, taskIndex, visit } as const;
  return { ...what, steps: 1, runSteps: 1, kind: "new", found: 1, before: 0, held: 10, ...change };
}

/** Tasks a, b, a, b; the second change is missed, and in the last visit there is a duplicate of b. */
const RECORDS = [
  episode(0, 0, [{ found: 0, steps: 100 }]),
  detection(1, 1, { delay: 20, found: 1 }),
  episode(1, 1, [
    { found: 0, steps: 20 },
    { found: 1, steps: 80 },
  ]),
  episode(2, 0, [{ found: 1, steps: 50 }]),
  detection(3, 1, { delay: 30, kind: "return", found: 1, before: 0 }),
  detection(3, 1, { delay: 70, found: 2, before: 1 }),
  episode(3, 1, [
    { found: 1, steps: 70 },
    { found: 2, steps: 80 },
  ]),
];

it("counts changes, delays, false alarms and tasks, and matches each task with one found task", () => {
  // Of 400 steps, 100 of a were spent in found task 0, and 80 + 70 of b in found task 1.
  expect(discoveryFigures(RECORDS)).toEqual({
    changes: 3,
    detected: 2,
    identified: 2,
    delays: [20, 30],
    delayByVisit: [
      { visit: 1, delay: 20 },
      { visit: 2, delay: Number.NaN },
      { visit: 3, delay: 30 },
    ],
    falseAlarms: 1,
    falseAlarmRate: 25,
    tasks: 2,
    tasksFound: 3,
    accuracy: 250 / 400,
  });
});

it("has no figures of a run that is told its tasks", () => {
  expect(discoveryFigures([episode(0, 0, undefined)])).toBeUndefined();
});

it("writes the figures as a table", () => {
  const figures = discoveryFigures(RECORDS);
  const text = discoveryText(figures!, 120);
  expect(text).toMatch(/2 of 3 +│ +2 of 3 │ +25\.0 │ 1 \(25\.0\) │ 3 of 2 │ +63 %/);
  expect(text).toMatch(/A change is detected when something is found in its visit/);
});

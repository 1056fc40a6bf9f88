import { describe, expect, it } from "vitest";
import { recognitionOf, switchedRecognitionOf } from "../../../agent/evaluation/recognition.js";

/** Probabilities of three tasks, of which the first is the right one. */
const RIGHT = Float64Array.of(0.9, 0.06, 0.04);
const LIKELY = Float64Array.of(0.45, 0.3, 0.25);
const WRONG = Float64Array.of(0.2, 0.7, 0.1);
const ALARM = Float64Array.of(0.01, 0.98, 0.01);
const EVEN = new Float64Array(3).fill(1 / 3);

describe("recognitionOf", () => {
  it.each([
    // Before the first of three steps, and after each.
    [[WRONG, RIGHT, RIGHT, RIGHT], { steps: 3, rightSteps: 2, stepsUntilRight: 1 }],
    [[RIGHT, RIGHT, LIKELY, RIGHT], { steps: 3, rightSteps: 3, stepsUntilRight: 0 }],
    [[EVEN, RIGHT, WRONG, RIGHT], { steps: 3, rightSteps: 1, stepsUntilRight: 3 }],
    [[RIGHT, RIGHT, RIGHT, ALARM], { steps: 3, rightSteps: 3, stepsUntilRight: null }],
    [[EVEN, WRONG], { steps: 1, rightSteps: 0, stepsUntilRight: null }],
  ])("of %j counts planned steps and finds when it is right for good", (beliefs, wanted) => {
    const disagreements = new Array<number>(beliefs.length - 1).fill(0);
    expect(recognitionOf({ beliefs, disagreements }, 0, 0.95)).toMatchObject(wanted);
  });

  it.each([
    // Counted from the belief that the informative step was made with.
    [[EVEN, WRONG, WRONG, LIKELY, RIGHT], [0, 1.9, 2.1, 9], { informativeStep: 3, detectionSteps: 2 }],
    [[EVEN, RIGHT, RIGHT], [0, 3], { informativeStep: 2, detectionSteps: 0 }],
    [[EVEN, LIKELY, WRONG], [5, 5], { informativeStep: 1, detectionSteps: null }],
    [[EVEN, RIGHT, RIGHT], [0, 2], { informativeStep: null, detectionSteps: null }],
  ])("of %j with disagreements %j counts steps of detection", (beliefs, disagreements, wanted) => {
    expect(recognitionOf({ beliefs, disagreements }, 0, 0.95)).toMatchObject(wanted);
  });

  it.each([
    [[ALARM, ALARM, RIGHT, LIKELY], 0],
    [[EVEN, RIGHT, WRONG, RIGHT], 0],
    [[EVEN, RIGHT, WRONG, ALARM, ALARM], 1],
    [[RIGHT, ALARM, RIGHT, ALARM], 2],
  ])("of %j counts the times that another task became certain", (beliefs, falseAlarms) => {
    const disagreements = new Array<number>(beliefs.length - 1).fill(0);
    expect(recognitionOf({ beliefs, disagreements }, 0, 0.95)).toMatchObject({ falseAlarms });
  });
});

/** The second task of three for sure, and the third. */
const SECOND = ALARM;
const THIRD = Float64Array.of(0.01, 0.01, 0.98);
const NAMES = ["a", "b", "c"];

describe("switchedRecognitionOf", () => {
  /** An episode of six steps that begins with the first task and changes to the second after two. */
  const changed = (beliefs: readonly Float64Array[], disagreements: readonly number[]) =>
    switchedRecognitionOf({ beliefs, disagreements }, 0, [{ after: 2, candidate: 1 }], NAMES, 0.95);

  it("counts steps by the task that is right in each, and what it took from the change on", () => {
    const beliefs = [EVEN, RIGHT, RIGHT, RIGHT, LIKELY, SECOND, SECOND];
    const found = changed(beliefs, [3, 0, 0, 3, 3, 0]);
    expect(found).toMatchObject({
      // Steps 2, 6 and the belief after the last: the third step is planned with the first task on top, which is wrong by then.
      ...{ steps: 6, rightSteps: 2, stepsUntilRight: 5, falseAlarms: 0 },
      ...{ informativeStep: 1, detectionSteps: 1 },
    });
    expect(found.switches).toEqual([
      {
        ...{ after: 2, from: "a", to: "b", heldBefore: false, steps: 4, rightSteps: 1, falseAlarms: 0 },
        // The fourth step of the episode is the second since the change; three beliefs later the second task is on top.
        ...{ informativeStep: 2, detectionSteps: 2 },
        ...{ stepsSince: [4, 0, 0, 0, 0, 0], rightSince: [1, 0, 0, 0, 0, 0] },
      },
    ]);
  });

  it.each([
    // That the task before is still held for certain is no alarm, a third one is, and so is what comes after the right one was found.
    [[RIGHT, RIGHT, Float64Array.of(0.98, 0.01, 0.01), RIGHT, RIGHT, RIGHT, SECOND], 0],
    [[RIGHT, RIGHT, RIGHT, THIRD, THIRD, SECOND, SECOND], 1],
    [[RIGHT, RIGHT, RIGHT, SECOND, THIRD, SECOND, THIRD], 2],
    [[RIGHT, ALARM, RIGHT, SECOND, SECOND, SECOND, SECOND], 1],
  ])("counts false alarms in %j", (beliefs, falseAlarms) => {
    expect(changed(beliefs, [0, 0, 0, 0, 0, 0]).falseAlarms).toBe(falseAlarms);
  });

  it("says where the new task was held before it came", () => {
    const beliefs = [RIGHT, RIGHT, SECOND, SECOND, SECOND, SECOND, SECOND];
    expect(changed(beliefs, [0, 0, 3, 0, 0, 0]).switches![0]).toMatchObject({
      heldBefore: true,
      detectionSteps: 0,
    });
  });

  it("parts the time since a change, and leaves out changes that the episode did not come to", () => {
    const length = 130;
    const beliefs = [EVEN, EVEN, ...new Array<Float64Array>(length - 1).fill(SECOND)];
    const found = switchedRecognitionOf(
      { beliefs, disagreements: new Array<number>(length).fill(0) },
      0,
      [
        { after: 1, candidate: 1 },
        { after: length, candidate: 2 },
      ],
      NAMES,
      0.95,
    );
    expect(found.switches).toHaveLength(1);
    expect(found.switches![0]).toMatchObject({
      ...{ steps: 129, rightSteps: 128, informativeStep: null, detectionSteps: null },
      ...{ stepsSince: [5, 5, 10, 30, 50, 29], rightSince: [4, 5, 10, 30, 50, 29] },
    });
  });
});

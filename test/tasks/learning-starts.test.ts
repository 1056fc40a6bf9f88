import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChannelSpan } from "../../sim/channel-span.js";
import { meanOf } from "../../sim/core/mean.js";
import { Environment } from "../../sim/environment.js";
import type { Task } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { doorSuite } from "../../tasks/door/door.js";
import { VARIED_START as DOOR } from "../../tasks/door/layout.js";
import { VARIED_START as PUSH } from "../../tasks/push/layout.js";
import { pushSuite } from "../../tasks/push/push.js";
import { pushSlideSuite } from "../../tasks/push-slide/push-slide.js";

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);

const opened: Environment[] = [];
afterAll(() => {
  for (const environment of opened) environment.close();
});

/** Starts for learning, the task's own start, and how far each channel moves in half a second without actions. */
function startsOf(task: Task) {
  const [varied, own] = [new Environment(task, { variedStarts: true }), new Environment(task)];
  opened.push(varied, own);
  // The gripper of the door suite stays open.
  const still = task.spec.action.map(({ name }) => (name === "gripper" ? -1 : 0));
  const starts = SEEDS.map((seed) => {
    const start = varied.reset(seed);
    for (let step = 0; step < 5; step++) varied.step(still);
    return { start, moved: varied.observation.map((value, i) => Math.abs(value - start[i]!)) };
  });
  const published = own.reset(0);
  for (const seed of SEEDS.slice(0, 5)) expect(own.reset(seed)).toEqual(published);
  return { starts, published, ...task.spec };
}

const rangeOf = (values: readonly number[]) => [Math.min(...values), Math.max(...values)] as const;
function expectWithin(values: readonly number[], [low, high]: readonly [number, number]): void {
  const [least, most] = rangeOf(values);
  expect(least).toBeGreaterThanOrEqual(low);
  expect(most).toBeLessThanOrEqual(high);
  // And not all at one place.
  expect(most - least).toBeGreaterThan((high - low) / 2);
}

beforeAll(initPhysics);

describe("learning starts", () => {
  it("of push: the block on its way, at rest, with the gripper beside it; every other one the published", () => {
    const { starts, published, observation } = startsOf(pushSuite.tasks[1]!);
    const isPublished = ({ start }: (typeof starts)[number]) => start.join() === published.join();
    const share = starts.filter(isPublished).length / SEEDS.length;
    expect(Math.abs(share - PUSH.published)).toBeLessThan(0.25);
    const others = starts.filter((one) => !isPublished(one));
    const channel = (name: string) => {
      const span = new ChannelSpan(observation, name);
      return others.map(({ start }) => span.value(start));
    };
    const middle = (axis: "X" | "Y") =>
      channel(`frontLeft${axis}`).map((front, i) => (front + channel(`backRight${axis}`)[i]!) / 2);
    expectWithin(middle("X"), PUSH.x);
    expectWithin(middle("Y"), PUSH.y);
    for (const { moved } of starts) expect(Math.max(...moved)).toBeLessThan(1e-3);
  });

  it("of push-slide: two blocks in a row with the gripper behind, at rest and apart", () => {
    const { starts, observation } = startsOf(pushSlideSuite.tasks[1]!);
    expect(new Set(starts.map(({ start }) => start.join())).size).toBe(SEEDS.length);
    const [first, second] = ["first", "second"].map(
      (name) => new ChannelSpan(observation, `${name}BackRightX`, `${name}FrontLeftY`),
    );
    for (const { start, moved } of starts) {
      const center = (corners: readonly number[]) =>
        [0, 1].map((axis) => meanOf(corners.filter((_, i) => i % 2 === axis)));
      const [a, b] = [center([...first!.read(start)]), center([...second!.read(start)])];
      expect(Math.hypot(b[0]! - a[0]!, b[1]! - a[1]!)).toBeGreaterThan(0.07);
      expect(Math.max(...moved)).toBeLessThan(1e-3);
    }
  });

  it.each(doorSuite.tasks.map((task) => [task.name, task] as const))(
    "of door %s: closed or ajar, the handle turned or not, the gripper before it",
    (name, task) => {
      const { starts, observation } = startsOf(task);
      const channel = (wanted: string) => {
        const span = new ChannelSpan(observation, wanted);
        return starts.map(({ start }) => span.value(start));
      };
      const ajar = channel("doorAngle").filter((angle) => angle > 1e-3);
      expectWithin(ajar, DOOR.doorAngle);
      expect(ajar.length).toBeLessThan(SEEDS.length);
      const turned = channel("handleAngle")
        .map(Math.abs)
        .filter((angle) => angle > 1e-3);
      if (name === "pull") expect(turned).toEqual([]);
      else expectWithin(turned, DOOR.handleAngle);
      // In front of the handle, and nothing is pushed by a gripper inside it.
      for (const height of channel("gripperInHandleX")) expect(height).toBeLessThan(-0.04);
      const [door, handle] = ["doorAngle", "handleAngle"].map((wanted) =>
        observation.findIndex((one) => one.name === wanted),
      );
      for (const { moved } of starts) {
        expect(moved[door!]).toBeLessThan(1e-3);
        // The weak spring turns a handle back.
        expect(moved[handle!]).toBeLessThan(0.05);
      }
    },
  );
});

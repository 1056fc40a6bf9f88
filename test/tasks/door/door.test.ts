import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { forwardKinematics } from "../../../sim/arm/kinematics.js";
import { JOINTS, PANDA } from "../../../sim/arm/panda.js";
import {
  add,
  axisAngle,
  conjugate,
  IDENTITY,
  length,
  multiply,
  rotate,
  rotationBetween,
  sub,
  type Vec3,
} from "../../../sim/core/math/vector.js";
import { eagerOps } from "../../../sim/core/ops.js";
import { Rng } from "../../../sim/core/rng.js";
import { Environment } from "../../../sim/environment.js";
import { outcomesOf } from "../../../sim/outcomes.js";
import { initPhysics } from "../../../sim/world.js";
import { DOORS, doorReward, doorSuite } from "../../../tasks/door/door.js";
import {
  DOOR,
  type DoorKind,
  frameBoxes,
  GRASP_ROTATION,
  graspPose,
  hingeSide,
  LATCH,
} from "../../../tasks/door/layout.js";
import { ARM_BASE, START_ANGLES, START_POSITION } from "../../../tasks/door/start.js";
import { take } from "../../take.js";
import { type DoorScript, OPENING, scriptedAction } from "./policy.js";

const X = 26;
const DOOR_ANGLE = 24;
const HANDLE_ANGLE = 25;
const ANGLES = 8;
const VELOCITIES = 15;

interface Outcome {
  /** Observations after each step. */
  readonly seen: readonly Float32Array[];
  readonly measures: Readonly<Record<string, number>>;
  readonly succeeded: boolean;
}

/** A whole episode of the scripted motion. */
function play(index: number, script: Partial<DoorScript> = {}): Outcome {
  const task = doorSuite.tasks[index]!;
  const environment = new Environment(task);
  let observation = environment.reset(1);
  const seen: Float32Array[] = [];
  for (let k = 0; k < task.spec.episodeSteps; k++) {
    const action = scriptedAction(DOORS[index]!, observation, k, { ...OPENING, ...script });
    observation = environment.step(action).observation;
    seen.push(observation);
  }
  const measures = environment.scene.measure();
  environment.close();
  return { seen, measures, succeeded: task.succeeded(measures) };
}

const most = ({ seen }: Outcome, channel: number): number =>
  Math.max(...seen.map((observation) => Math.abs(observation[channel]!)));

const jointMargin = (observation: ArrayLike<number>): number =>
  Math.min(
    ...PANDA.map(({ limits: [low, high] }, i) =>
      Math.min(observation[ANGLES + i]! - low, high - observation[ANGLES + i]!),
    ),
  );

const named = DOORS.map((door, index) => [doorSuite.tasks[index]!.name, door, index] as const);
const latched = named.filter(([, door]) => door.handle !== "pull");

beforeAll(initPhysics);

describe.each(named)("scripted motion on the %s door", (_, door, index) => {
  let outcome: Outcome;
  beforeAll(() => {
    outcome = play(index);
  });

  test("opens it by the actions alone and keeps it open", () => {
    expect(outcome.succeeded).toBe(true);
    expect(outcome.measures.doorAngle).toBeGreaterThan(0.4);
  });

  test("keeps every arm joint 0.7 rad and more from its limits", () => {
    expect(Math.min(jointMargin(START_ANGLES_SEEN), ...outcome.seen.map(jointMargin))).toBeGreaterThan(0.7);
  });

  test("never opens the door before the handle has turned", () => {
    if (door.handle === "pull") {
      expect(most(outcome, HANDLE_ANGLE)).toBe(0);
      return;
    }
    const first = outcome.seen.findIndex((o) => o[DOOR_ANGLE]! > LATCH.doorAngle);
    const turned = outcome.seen.slice(0, first + 1).map((o) => Math.abs(o[HANDLE_ANGLE]!));
    expect(Math.max(...turned)).toBeGreaterThan(LATCH.handleAngle);
    // The handle of a mirrored door turns the other way.
    expect(Math.sign(outcome.seen[first]![HANDLE_ANGLE]!)).toBe(-hingeSide(door));
  });
});

const START_ANGLES_SEEN = [...Array(ANGLES).fill(0), ...START_ANGLES];

describe.each(latched)("the latch of the %s door", (_, __, index) => {
  test.each([
    ["without turning the handle", { turn: 0 }],
    ["with a turn of 0.4 rad", { turn: 0.4 }],
  ])("holds %s", (_, script) => {
    const outcome = play(index, script);
    expect(outcome.succeeded).toBe(false);
    expect(most(outcome, DOOR_ANGLE)).toBeLessThan(0.01);
    expect(most(outcome, HANDLE_ANGLE)).toBeLessThan(LATCH.handleAngle);
  });
});

test.each(named)("the %s door stays shut when the fingers stay open", (_, __, index) => {
  const outcome = play(index, { grasp: false });
  expect(outcome.succeeded).toBe(false);
  expect(most(outcome, DOOR_ANGLE)).toBeLessThan(0.01);
});

test("mirrored doors behave as mirror images", () => {
  for (const [plain, mirrored] of [
    [1, 3],
    [2, 4],
  ] as const) {
    const [a, b] = [play(plain).measures, play(mirrored).measures];
    expect(Math.abs(a.doorAngle! - b.doorAngle!)).toBeLessThan(0.02);
    expect(Math.abs(a.handleAngle! + b.handleAngle!)).toBeLessThan(0.05);
  }
});

describe("what collides", () => {
  /** How far an arm's tubes are in the leaf at most, m: below 0 where they are not. */
  function depthInLeaf({ scene }: Environment, door: DoorKind): number {
    const pose = (name: string) => scene.bodyPose(scene.bodies.findIndex((body) => body.name === name));
    const leaf = pose("door");
    const [thickness, width] = DOOR.size;
    const inLeaf = (point: Vec3) => rotate(conjugate(leaf.rotation), sub(point, leaf.position));
    const depths = scene.bodies.flatMap(({ name, shapes: [tube] }) => {
      if (!/^link/.test(name)) return [];
      const [diameter, , reach] = tube!.size;
      const link = pose(name);
      return [-1, -0.5, 0, 0.5, 1].flatMap((part) => {
        const along = rotate(tube!.pose.rotation, [0, 0, (part * (reach - diameter)) / 2]);
        const point = add(link.position, rotate(link.rotation, add(tube!.pose.position, along)));
        const [x, y] = inLeaf(point);
        const isBefore = -hingeSide(door) * y > 0 && -hingeSide(door) * y < width;
        return isBefore ? [diameter / 2 + thickness / 2 - Math.abs(x)] : [];
      });
    });
    return Math.max(...depths);
  }

  test.each(named)(
    "the arm's links stay out of the leaf of the %s door when it is pulled far",
    (_, door, index) => {
      const environment = new Environment(doorSuite.tasks[index]!);
      let observation = environment.reset(1);
      let deepest = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < 160; k++) {
        const action = scriptedAction(door, observation, k, { ...OPENING, open: 1.4 });
        observation = environment.step(action).observation;
        deepest = Math.max(deepest, depthInLeaf(environment, door));
      }
      // Where the hand alone collides it is 0.06 m.
      expect(deepest).toBeLessThan(0.005);
      expect(observation[DOOR_ANGLE]).toBeGreaterThan(0.7);
      environment.close();
    },
  );

  test("the frame stops the hand", () => {
    const environment = new Environment(doorSuite.tasks[1]!);
    environment.reset(1);
    const tips = () => {
      const angles = Array.from({ length: JOINTS }, (_, i) => environment.observation[ANGLES + i]!);
      return forwardKinematics(angles, { position: ARM_BASE, rotation: IDENTITY }).endEffector.position;
    };
    const post = frameBoxes(DOORS[1]!)[1]!;
    for (let k = 0; k < 25; k++) {
      environment.step([0, Math.max(-1, (post.center[1] - tips()[1]) / 0.05), 0, 0, 0, 0, 1]);
    }
    expect(Math.abs(tips()[1] - post.center[1])).toBeLessThan(0.01);
    // How far the tips are in the post, m, as the hand is pushed on.
    const depths = Array.from({ length: 25 }, () => {
      environment.step([1, 0, 0, 0, 0, 0, 1]);
      return Math.min(
        ...[0, 1].map((axis) => post.half[axis]! - Math.abs(tips()[axis]! - post.center[axis]!)),
      );
    });
    expect(Math.max(...depths)).toBeGreaterThan(-0.03);
    expect(Math.max(...depths)).toBeLessThan(0.005);
    environment.close();
  });
});

test.each([
  [-1, 1, 0],
  [0, 1, 0],
  [-1, 0, 1],
  [1, 1, 0.5],
  [0, 0, 1],
])(
  "a hand that is sent out of reach, to (%d, %d, %d), leaves the joints slow and comes to rest",
  (dx, dy, dz) => {
    const environment = new Environment(doorSuite.tasks[0]!);
    environment.reset(1);
    const speeds = Array.from({ length: 80 }, (_, k) => {
      const stride = k % 2 === 0 ? 1 : 0.7;
      environment.step([stride * dx, stride * dy, stride * dz, 0, 0, 0, 0]);
      return Math.max(...environment.observation.slice(VELOCITIES, VELOCITIES + JOINTS).map(Math.abs));
    });
    // Without damping: 7 to 17 rad/s, throughout.
    expect(Math.max(...speeds)).toBeLessThan(2.61);
    expect(Math.max(...speeds.slice(60))).toBeLessThan(0.5);
    environment.close();
  },
);

test("a door that was opened and pushed shut again counts as opened, and not as held open", () => {
  const task = doorSuite.tasks[0]!;
  const environment = new Environment(task);
  let observation = environment.reset(1);
  const heldOpen = () => environment.scene.measure().heldOpen;
  expect(heldOpen()).toBe(0);
  for (let k = 0; k < 110; k++) {
    // From step 80 on back to the closed door.
    const open = OPENING.open * Math.min(1, Math.max(0, (110 - k) / 30));
    observation = environment.step(
      scriptedAction(DOORS[0]!, observation, k, { ...OPENING, open }),
    ).observation;
    if (k !== 79) continue;
    expect(heldOpen()).toBe(1);
    expect(outcomesOf(task, environment.scene.measure())).toEqual({ heldOpen: true });
  }
  expect(heldOpen()).toBe(0);
  expect(task.succeeded(environment.scene.measure())).toBe(true);
  expect(outcomesOf(task, environment.scene.measure())).toEqual({ heldOpen: false });
  environment.close();
});

describe("start and observation", () => {
  test("the start angles bring the gripper level before the handle", () => {
    const { endEffector } = forwardKinematics(START_ANGLES, { position: ARM_BASE, rotation: IDENTITY });
    expect(length(sub(endEffector.position, START_POSITION))).toBeLessThan(2e-3);
    expect(length(rotationBetween(endEffector.rotation, GRASP_ROTATION))).toBeLessThan(2e-3);
  });

  test.each(named)("%s: the first observation is that start", (_, door, index) => {
    const environment = new Environment(doorSuite.tasks[index]!);
    const seen = environment.reset(1);
    environment.close();
    const offset = sub(START_POSITION, graspPose(door, 0, 0).position);
    const wanted = [...offset, 0, 0, 0, 1, 0.04, ...START_ANGLES, ...Array(JOINTS + 4).fill(0)];
    expect(wanted).toHaveLength(X);
    wanted.forEach((value, i) => {
      expect(Math.abs(seen[i]! - value)).toBeLessThan(2e-3);
    });
  });

  test("the quaternion is a unit one with w ≥ 0, however the arm moves", () => {
    const environment = new Environment(doorSuite.tasks[2]!);
    environment.reset(1);
    const rng = Rng.fromSeed(3);
    let least = 1;
    for (let k = 0; k < 100; k++) {
      const { observation } = environment.step([0, 0, 0, 1, 0.3 * rng.uniform(), 0, -1]);
      expect(Math.hypot(...observation.subarray(3, 7))).toBeCloseTo(1, 5);
      least = Math.min(least, observation[6]!);
    }
    environment.close();
    expect(least).toBeGreaterThanOrEqual(0);
    expect(least).toBeLessThan(0.5);
  });

  test("the gripper's last action opens and closes the fingers", () => {
    const environment = new Environment(doorSuite.tasks[0]!);
    environment.reset(1);
    const opening = (gripper: number): number => {
      for (let k = 0; k < 5; k++) environment.step([0, 0, 0, 0, 0, 0, gripper]);
      return environment.observation[7]!;
    };
    expect(opening(1)).toBeCloseTo(0, 3);
    expect(opening(0)).toBeCloseTo(0.02, 3);
    expect(opening(-1)).toBeCloseTo(0.04, 3);
    environment.close();
  });

  test("40 scripted steps of the lever door give the recorded bits (Node 20, x86-64, Rapier 0.20.0 SIMD)", () => {
    const environment = new Environment(doorSuite.tasks[2]!);
    environment.reset(1);
    for (let k = 0; k < 40; k++) environment.step([0.3, 0.4, 0, k < 20 ? 0 : -0.3, 0, 0, k < 10 ? -1 : 1]);
    const hash = createHash("sha256").update(new Uint8Array(environment.observation.buffer)).digest("hex");
    environment.close();
    expect(hash).toBe("ef0f6f367a8320f22c33503c76c1160fc4b31ca04f396b73cbe65080663cd1c9");
  });
});

describe("reward", () => {
  const reward = (
    offset: readonly number[],
    turn: readonly number[],
    door: number,
    handle: number,
  ): number => {
    const next = new Float64Array(X);
    next.set([...offset, ...turn]);
    next[DOOR_ANGLE] = door;
    next[HANDLE_ANGLE] = handle;
    const value = doorReward(eagerOps, {
      observation: new Float64Array(X),
      action: new Float64Array(7),
      nextObservation: next,
    });
    return value[0]!;
  };

  test("at the handle of a closed door: -ln(5e-3) - 5", () => {
    expect(reward([0, 0, 0], [0, 0, 0, 1], 0, 0)).toBeCloseTo(0.29831736654, 4);
  });

  test("computed by hand: 0.05 m away, 0.3 rad open, handle at -0.7 rad", () => {
    // 15 + 14 - 0.05 - ln(0.0025 + 0.005) - 5
    expect(reward([0.03, -0.04, 0], [0, 0, 0, 1], 0.3, -0.7)).toBeCloseTo(28.84285225, 4);
    expect(reward([0.03, -0.04, 0], [0, 0, 0, 1], -0.3, 0.7)).toBeCloseTo(28.84285225, 4);
  });

  test("a tilt costs its chord, a roll about the approach axis nothing", () => {
    const free = reward([0, 0, 0], [0, 0, 0, 1], 0, 0);
    const roll = axisAngle([0, 0, 1], 0.9);
    const tilt = axisAngle([0.6, 0.8, 0], 0.5);
    expect(reward([0, 0, 0], roll, 0, 0)).toBeCloseTo(free, 10);
    expect(reward([0, 0, 0], tilt, 0, 0)).toBeCloseTo(free - 2 * Math.sin(0.25), 5);
    expect(reward([0, 0, 0], multiply(tilt, roll), 0, 0)).toBeCloseTo(free - 2 * Math.sin(0.25), 5);
  });

  test("success means opened by 0.2 rad and more at some step", () => {
    const [task] = take(1, doorSuite.tasks);
    expect(task.succeeded({ doorAngle: 0, largestDoorAngle: 0.2, handleAngle: 0 })).toBe(true);
    expect(task.succeeded({ doorAngle: 0.19, largestDoorAngle: 0.199, handleAngle: 0 })).toBe(false);
  });
});

test("the published doors in the published order", () => {
  const names = ["pull", "round", "lever", "round-mirrored", "lever-mirrored"];
  expect(doorSuite.tasks.map((task) => task.name)).toEqual(names);
  const kinds = new Set(DOORS.map((door: DoorKind) => `${door.handle} ${door.mirrored}`));
  expect(kinds.size).toBe(5);
});

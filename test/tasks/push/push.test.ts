import { beforeAll, describe, expect, test } from "vitest";
import { eagerOps } from "../../../sim/core/ops.js";
import { Environment } from "../../../sim/environment.js";
import { initPhysics } from "../../../sim/world.js";
import { GOAL } from "../../../tasks/push/layout.js";
import { pushReward, pushSuite } from "../../../tasks/push/push.js";
import { createPushScene } from "../../../tasks/push/scene.js";
import { take } from "../../take.js";

interface Pushed {
  readonly x: number;
  readonly y: number;
  readonly yaw: number;
  readonly height: number;
}

/** Pose of the block (mm, degrees) after 40 equal pushes straight ahead. */
function push(task: (typeof pushSuite.tasks)[number]): Pushed {
  const environment = new Environment(task);
  environment.reset(1);
  for (let k = 0; k < 40; k++) environment.step([0.6, 0]);
  const index = environment.scene.bodies.findIndex((b) => b.name === "block");
  const { position, rotation } = environment.scene.bodyPose(index);
  environment.close();
  const yaw = (2 * Math.atan2(rotation[2], rotation[3]) * 180) / Math.PI;
  return { x: position[0] * 1e3, y: position[1] * 1e3, yaw, height: position[2] * 1e3 };
}

function between(value: number, low: number, high: number): void {
  expect(value).toBeGreaterThanOrEqual(low);
  expect(value).toBeLessThanOrEqual(high);
}

const apart = (a: Pushed, b: Pushed): number => Math.hypot(a.x - b.x, a.y - b.y);

beforeAll(initPhysics);

// Bands of about ±10 % around what was measured with Rapier 0.20.0 on x86-64: (x, y) mm and yaw of the block are
// (6.3, 0) 0°; (135, -28.7) -64°; (136, 28.5) 63°; (105, 1.8) 4.7°; (106, -1.6) -4.7°.
describe("the same pushes on the five densities", () => {
  let even: Pushed;
  let lightLeft: Pushed;
  let lightRight: Pushed;
  let halfRight: Pushed;
  let halfLeft: Pushed;

  beforeAll(() => {
    const pushed = pushSuite.tasks.map(push);
    [even, lightLeft, lightRight, halfRight, halfLeft] = take(5, pushed);
  });

  test("an even block goes straight", () => {
    between(even.x, -5, 15);
    expect(Math.abs(even.y)).toBeLessThan(0.5);
    expect(Math.abs(even.yaw)).toBeLessThan(0.5);
  });

  test("a block with a light left half turns to its heavy side, to the right, and goes further", () => {
    between(lightLeft.yaw, -72, -50);
    between(lightLeft.y, -36, -20);
    between(apart(lightLeft, even), 115, 175);
  });

  test("a block with a light right half does the mirror image", () => {
    between(lightRight.yaw, 50, 72);
    expect(Math.abs(lightRight.yaw + lightLeft.yaw)).toBeLessThan(4);
    expect(Math.abs(lightRight.y + lightLeft.y)).toBeLessThan(2);
    expect(Math.abs(lightRight.x - lightLeft.x)).toBeLessThan(3);
    between(apart(lightLeft, lightRight), 45, 70);
  });

  test("halved density on one side turns less, and again mirrored", () => {
    between(halfRight.yaw, 3, 7);
    between(halfLeft.yaw, -7, -3);
    expect(Math.abs(halfRight.yaw + halfLeft.yaw)).toBeLessThan(0.5);
    between(apart(halfRight, even), 85, 115);
    between(apart(halfRight, halfLeft), 2, 6);
  });

  test("20 pushes of the second task give the recorded bits (Node 20, x86-64, Rapier 0.20.0 SIMD)", () => {
    const environment = new Environment(pushSuite.tasks[1]!);
    environment.reset(1);
    for (let k = 0; k < 20; k++) environment.step([0.6, 0.1]);
    const bits = Buffer.from(environment.observation.buffer).toString("hex");
    environment.close();
    expect(bits).toBe("60b3363c677f49bc04f6b8bd5042b5bc19fc5cb9b377e13d8ba42b3d1ad8e5bde62c073eb2c0a33c");
  });

  test("no block leaves the table's plane", () => {
    for (const block of [even, lightLeft, lightRight, halfRight, halfLeft])
      between(block.height, 839.5, 840.2);
  });
});

describe("start, gripper and observation", () => {
  const scene = () => createPushScene({ name: "test", densities: [500, 500] });

  test("the first observation is the published start", () => {
    const s = scene();
    const seen = new Float32Array(10);
    s.reset(() => 0);
    s.observe(seen);
    s.close();
    const start = [0.05, 0, -0.18, -0.08, -0.18, 0.08, -0.02, -0.08, -0.02, 0.08];
    start.forEach((value, i) => {
      expect(Math.abs(seen[i]! - value)).toBeLessThan(1e-4);
    });
  });

  test("the first measures are those of the start", () => {
    const s = scene();
    s.reset(() => 0);
    const measures = s.measure();
    s.close();
    expect(measures.positionErrorMm).toBeCloseTo(250, 3);
    expect(measures.maxCornerErrorMm).toBeCloseTo(250, 3);
    expect(measures.yawErrorDeg).toBeCloseTo(0, 5);
    expect(measures.blockDisplacementMm).toBeCloseTo(0, 3);
    expect(measures.success20mm).toBe(0);
  });

  test("the gripper keeps its height and does not turn while it moves freely", () => {
    const s = scene();
    s.reset(() => 0);
    const link7 = s.bodies.findIndex((b) => b.name === "link7");
    const before = s.bodyPose(link7);
    let moved = 0;
    for (let k = 0; k < 40; k++) {
      s.advance([-0.2, 0.8 * Math.sin(k * 0.25)]);
      const after = s.bodyPose(link7);
      moved = Math.max(moved, Math.abs(after.position[1] - before.position[1]));
      expect(Math.abs(after.position[2] - before.position[2])).toBeLessThan(0.005);
      expect(Math.abs(after.rotation.reduce((d, v, i) => d + v * before.rotation[i]!, 0))).toBeGreaterThan(
        0.999,
      );
    }
    s.close();
    expect(moved).toBeGreaterThan(0.1);
  });

  test("an action of 1 moves the free gripper by 24 mm per step: the goal of 50 mm is renewed before it is reached", () => {
    const s = scene();
    const a = new Float32Array(10);
    const b = new Float32Array(10);
    s.reset(() => 0);
    for (let k = 0; k < 6; k++) s.advance([0, 1]);
    s.observe(a);
    s.advance([0, 1]);
    s.observe(b);
    s.close();
    between((a[1]! - b[1]!) * 1e3, 21, 27);
  });

  test("a block pushed over the edge falls to the floor and stays finite", () => {
    const s = scene();
    s.reset(() => 0);
    const block = s.bodies.findIndex((b) => b.name === "block");
    const drive = (steps: number, u: readonly [number, number]) => {
      for (let k = 0; k < steps; k++) s.advance(u);
    };
    drive(8, [0, -1]);
    drive(8, [0.6, 0]);
    drive(60, [0, 1]);
    drive(40, [0, 0]);
    const { position, rotation } = s.bodyPose(block);
    const measures = s.measure();
    s.close();
    between(position[2], 0, 0.5);
    expect([...rotation, ...Object.values(measures)].every(Number.isFinite)).toBe(true);
  });
});

describe("reward and success", () => {
  const reward = (action: number[], corners: readonly number[]): number =>
    pushReward(eagerOps, {
      observation: new Float64Array(10),
      action: Float64Array.from(action),
      nextObservation: Float64Array.from([9, 9, ...corners]),
    })[0]!;
  const shifted = (dx: number, dy: number): number[] => GOAL.corners.flatMap(([x, y]) => [x + dx, y + dy]);

  test("at the goal: 4, less a quarter of the action's length", () => {
    expect(reward([0, 0], shifted(0, 0))).toBeCloseTo(4, 4);
    expect(reward([0.6, -0.8], shifted(0, 0))).toBeCloseTo(4 - 0.25, 4);
  });

  test("all corners 50 mm off: 4 (1 - tanh 0.5), computed by hand", () => {
    expect(reward([0, 0], shifted(0.03, -0.04))).toBeCloseTo(4 * (1 - 0.46211715726), 5);
  });

  test("one corner 100 mm off: 3 + 1 - tanh 1, computed by hand", () => {
    const corners = shifted(0, 0);
    corners[4]! += 0.1;
    expect(reward([1, 0], corners)).toBeCloseTo(4 - 0.76159415596 - 0.25, 4);
  });

  test("success means that the worst corner is within 5 mm", () => {
    const [task] = take(1, pushSuite.tasks);
    expect(task.succeeded({ maxCornerErrorMm: 5 })).toBe(true);
    expect(task.succeeded({ maxCornerErrorMm: 5.001 })).toBe(false);
  });
});

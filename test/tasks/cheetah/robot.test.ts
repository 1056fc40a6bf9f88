import { beforeAll, describe, expect, test } from "vitest";
import { initPhysics, PhysicsWorld } from "../../../sim/world.js";
import { CHEETAH_BODIES, cheetahLinks } from "../../../tasks/cheetah/layout.js";
import { type CheetahMotion, CheetahRobot } from "../../../tasks/cheetah/robot.js";
import { jointSeparation } from "./separation.js";

beforeAll(initPhysics);

describe("bodies", () => {
  const masses = CHEETAH_BODIES.map((body) =>
    cheetahLinks(body).map(({ capsules }) => capsules.map(({ mass }) => mass)),
  );

  test("the default body weighs 14 kg", () => {
    expect(masses[0]!.flat().reduce((sum, m) => sum + m, 0)).toBeCloseTo(14, 9);
  });

  test.each([
    ["big-torso", 1, [1.25, 1, 1, 1, 1, 1, 1, 1]],
    ["big-thigh", 2, [1, 1, 1.25, 1, 1, 1.25, 1, 1]],
    ["big-leg", 3, [1, 1, 1, 1.25, 1, 1, 1.25, 1]],
    ["big-foot", 4, [1, 1, 1, 1, 1.25, 1, 1, 1.25]],
  ])("%s: mass and radius of its part times 1.25", (_, at, factors) => {
    const ratio = (of: (c: { mass: number; radius: number }) => number) => {
      const own = cheetahLinks(CHEETAH_BODIES[at]!).flatMap((l) => l.capsules);
      const plain = cheetahLinks("default").flatMap((l) => l.capsules);
      return own.map((c, i) => of(c) / of(plain[i]!));
    };
    for (const of of [(c: { mass: number }) => c.mass, (c: { radius: number }) => c.radius]) {
      ratio(of).forEach((r, i) => {
        expect(r).toBeCloseTo(factors[i]!, 9);
      });
    }
  });
});

describe("joints, without gravity", () => {
  /** The default body afloat, and its motion after `seconds` of constant actions. */
  function afloat(actions: readonly number[], seconds: number): CheetahMotion {
    const world = new PhysicsWorld({ gravity: [0, 0, 0], timestep: 0.005, solverIterations: 8 });
    const robot = new CheetahRobot(world, cheetahLinks("default"), { friction: 0.4, collisionGroups: 0 });
    robot.drive(actions);
    for (let t = 0; t < seconds; t += 0.005) world.step();
    const motion = robot.readMotion();
    world.close();
    return motion;
  }

  test("a constant torque comes to rest where the spring answers it", () => {
    // gear · u = stiffness · angle, within the limits of the joints.
    const actions = [0.4, -0.5, 0.3, 0.5, -0.4, 0.6];
    const wanted = [120 / 240, 90 / 180, 60 / 120, 120 / 180, 60 / 120, 30 / 60].map(
      (k, i) => k * actions[i]!,
    );
    const { jointAngles } = afloat(actions, 4);
    wanted.forEach((angle, i) => {
      expect(Math.abs(jointAngles[i]! - angle)).toBeLessThan(0.01 * Math.abs(angle));
    });
  });

  test("limits hold against the strongest torque", () => {
    const [, ...legs] = cheetahLinks("default");
    for (const u of [-1, 1]) {
      const { jointAngles } = afloat([u, u, u, u, u, u], 2);
      legs.forEach(({ hinge: { limits } }, i) => {
        expect(jointAngles[i]).toBeGreaterThan(limits[0] - 0.03);
        expect(jointAngles[i]).toBeLessThan(limits[1] + 0.03);
      });
    }
  });

  const positions = (motion: CheetahMotion) => [motion.height, motion.pitch, ...motion.jointAngles];
  const velocities = (motion: CheetahMotion) => {
    const { velocityX, velocityZ, pitchVelocity, jointVelocities } = motion;
    return [velocityX, velocityZ, pitchVelocity, ...jointVelocities];
  };
  function expectClose(found: readonly number[], wanted: readonly number[]): void {
    expect(found).toHaveLength(wanted.length);
    wanted.forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 5);
    });
  }

  // Springs change the velocities within a step: a short one shows which velocity belongs to which position.
  const STEP = 0.0005;

  test("a placed body moves as told, and velocities are the rates of positions", () => {
    const world = new PhysicsWorld({ gravity: [0, 0, 0], timestep: STEP, solverIterations: 8 });
    const robot = new CheetahRobot(world, cheetahLinks("default"), { friction: 0.4, collisionGroups: 0 });
    const pitch = { angle: -0.1, velocity: 1 };
    const turns = [-2, 0.5, 1.5, -1, 0.8, -0.6].map((velocity, i) => ({
      angle: 0.1 * (((i + 1) % 3) - 1),
      velocity,
    }));
    robot.place({ height: 1, velocity: [0.5, -0.3], pitch }, turns);
    const before = robot.readMotion();
    const placed = [1, ...[pitch, ...turns].map((turn) => turn.angle)];
    placed.push(0.5, -0.3, ...[pitch, ...turns].map((turn) => turn.velocity));
    expectClose([...positions(before), ...velocities(before)], placed);
    const x = robot.readX();
    world.step();
    const after = robot.readMotion();
    const moved = positions(after).map((position, i) => position - positions(before)[i]!);
    [robot.readX() - x, ...moved].forEach((change, i) => {
      const mean = (velocities(before)[i]! + velocities(after)[i]!) / 2;
      expect(Math.abs(change / STEP - mean), `position ${i}`).toBeLessThan(0.05);
    });
    expect(jointSeparation("default", (name) => robot.pose(name))).toBeLessThan(1e-4);
    world.close();
  });

  test("motors act on both links, so they cannot push the whole body", () => {
    const { velocityX, velocityZ } = afloat([1, -1, 1, -1, 1, -1], 3);
    expect(Math.hypot(velocityX, velocityZ)).toBeLessThan(0.02);
  });
});

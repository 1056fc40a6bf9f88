import { beforeAll, describe, expect, it } from "vitest";
import { UsageError } from "../../sim/core/errors.js";
import { NO_ROTATION } from "../../sim/core/math/vector.js";
import { Rng } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
import { createPhysicsScene } from "../../sim/physics-scene.js";
import { randomAction } from "../../sim/random-action.js";
import type { Task } from "../../sim/task.js";
import { initPhysics, PhysicsWorld, RigidBodyDesc } from "../../sim/world.js";
import { findSuite } from "../../tasks/registry.js";
import { take } from "../take.js";

beforeAll(initPhysics);

/** Suites whose tasks differ in nothing that places their bodies. */
const SUITES = ["cartpole", "reacher", "cheetah", "push", "push-random", "push-slide"];

/** Makes steps with random actions. @returns what was observed after each */
function play(environment: Environment, steps: number, seed: number): Float32Array[] {
  const rng = Rng.fromSeed(seed);
  return Array.from(
    { length: steps },
    () => environment.step(randomAction(environment.task.spec, rng)).observation,
  );
}

function opened<T>(tasks: readonly Task[], use: (environments: Environment[]) => T): T {
  const environments = tasks.map((task) => new Environment(task));
  try {
    return use(environments);
  } finally {
    for (const environment of environments) environment.close();
  }
}

describe.each(SUITES)("a scene of %s", (name) => {
  const [first, second] = take(2, findSuite(name).tasks);

  it("goes on where that of another task is, and as it moves there", () => {
    opened([first, second], ([from, to]) => {
      from!.reset(1);
      play(from!, 20, 1);
      const before = from!.scene.handover!.read();
      const observation = to!.takeOver(from!);
      expect(to!.stepsDone).toBe(20);
      const after = to!.scene.handover!.read();
      expect(after.family).toBe(before.family);
      expect(after.numbers.length).toBe(before.numbers.length);
      for (const [i, value] of after.numbers.entries()) expect(value).toBeCloseTo(before.numbers[i]!, 4);
      // A longer forearm has its tip elsewhere; nothing else that is seen jumps.
      const seen = name === "reacher" ? 4 : observation.length;
      for (let i = 0; i < seen; i++) expect(observation[i]).toBeCloseTo(from!.observation[i]!, 4);
    });
  });

  it("then obeys the other task: its future is another, and the same whatever the scene did before", () => {
    opened([first, second, second], ([from, fresh, used]) => {
      from!.reset(1);
      play(from!, 20, 1);
      used!.reset(5);
      play(used!, 7, 3);
      fresh!.takeOver(from!);
      used!.takeOver(from!);
      const future = play(fresh!, 15, 2);
      expect(play(used!, 15, 2)).toEqual(future);
      expect(used!.snapshot()).toEqual(fresh!.snapshot());
      expect(play(from!, 15, 2)).not.toEqual(future);
    });
  });
});

describe("taking over from the same task", () => {
  it.each(["cartpole", "reacher", "cheetah"])("changes little of what follows on %s", (name) => {
    const [task] = take(1, findSuite(name).tasks);
    opened([task, task], ([from, to]) => {
      from!.reset(1);
      play(from!, 20, 1);
      to!.takeOver(from!);
      const [own, other] = [play(from!, 5, 2), play(to!, 5, 2)];
      const last = own.at(-1)!;
      for (const [i, value] of other.at(-1)!.entries()) {
        expect(Math.abs(value - last[i]!), `entry ${i}`).toBeLessThan(0.02 * (1 + Math.abs(last[i]!)));
      }
    });
  });
});

/** A body that floats, with its centre of mass on the x axis of its frame (m), and what it does. */
function floating(center: number) {
  const world = new PhysicsWorld({ gravity: [0, 0, 0], timestep: 0.01, solverIterations: 1 });
  const mass = { x: center, y: 0, z: 0 };
  const desc = RigidBodyDesc.dynamic().setAdditionalMassProperties(
    2,
    mass,
    { x: 1, y: 1, z: 1 },
    NO_ROTATION,
  );
  const { handle } = world.rapier.createRigidBody(desc.setCanSleep(false));
  const scene = createPhysicsScene(`floating/${center}`, world, {
    family: "floating",
    bodies: [{ name: "body", fixed: false, shapes: [] }],
    extra: { turns: 0 },
    advance: () => world.step(),
    observe: (out) => out.set(world.position(handle)),
    measure: () => ({}),
    pose: () => world.pose(handle),
  });
  return { scene, body: () => world.body(handle) };
}

describe("a body whose mass lies elsewhere", () => {
  it("has its velocity turned to its new centre of mass, so that every point of it moves on as it did", () => {
    const [near, far] = [floating(0.5), floating(2)];
    near.scene.advance([]);
    // Turned by a quarter about z, so that x of its frame lies along y, with 3 rad/s about z.
    const half = Math.SQRT1_2;
    near.body().setRotation({ x: 0, y: 0, z: half, w: half }, true);
    near.body().setTranslation({ x: 1, y: 2, z: 3 }, true);
    near.body().setAngvel({ x: 0, y: 0, z: 3 }, true);
    near.body().setLinvel({ x: 1, y: 0.25, z: -4 }, true);
    far.scene.handover!.take(near.scene.handover!.read());
    // At c = 0.5 along y, 3 rad/s add -1.5 to the velocity along x of the frame's origin, and -6 at c = 2.
    const { x, y, z } = far.body().linvel();
    expect([x, y, z].map((v) => v.toFixed(5))).toEqual(["-3.50000", "0.25000", "-4.00000"]);
    expect(far.scene.bodyPose(0).position).toEqual([1, 2, 3]);
    near.scene.close();
    far.scene.close();
  });
});

describe("what cannot take over", () => {
  it("says so: a task without a handover, and one of another family", () => {
    const [door, otherDoor] = take(2, findSuite("door").tasks);
    const [pole] = take(1, findSuite("cartpole").tasks);
    const [arm] = take(1, findSuite("reacher").tasks);
    for (const [one, other, message] of [
      [door, otherDoor, /The scene of task .* cannot hand its state over; got no Scene.handover/],
      [pole, arm, /A scene cannot go on from the state of another one; got \d+ numbers of cartpole/],
    ] as const) {
      opened([one, other], ([from, to]) => {
        from!.reset(1);
        from!.step(one.spec.action.map(() => 0));
        expect(() => to!.takeOver(from!)).toThrow(UsageError);
        expect(() => to!.takeOver(from!)).toThrow(message);
      });
    }
  });

  it("is also an episode that has made its steps", () => {
    const [first, second] = take(2, findSuite("reacher").tasks);
    opened([first, second], ([from, to]) => {
      from!.reset(1);
      play(from!, first.spec.episodeSteps, 1);
      expect(() => to!.takeOver(from!)).toThrow(/cannot go on from where task .* is; got 50 steps done/);
    });
  });
});

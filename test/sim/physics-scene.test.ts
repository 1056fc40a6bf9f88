import { beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../sim/core/errors.js";
import { tuple } from "../../sim/core/tuple.js";
import { createPhysicsScene, type SceneContent } from "../../sim/physics-scene.js";
import { encodeSnapshot } from "../../sim/snapshot.js";
import type { Scene } from "../../sim/task.js";
import { initPhysics, PhysicsWorld, RigidBodyDesc } from "../../sim/world.js";

beforeAll(initPhysics);

const IDENTITY = "ball";

/** A ball that floats without forces; `pushes` counts the actions and `mark` is set by the start. */
function ballScene(): Scene {
  const world = new PhysicsWorld({ gravity: [0, 0, 0], timestep: 0.1, solverIterations: 1 });
  const ball = world.rapier.createRigidBody(
    RigidBodyDesc.dynamic().setAdditionalMass(1).setCanSleep(false),
  ).handle;
  const extra = { pushes: 0, mark: 7 };
  const content: SceneContent = {
    bodies: [
      { name: "floor", fixed: true, shapes: [] },
      { name: "ball", fixed: false, shapes: [] },
    ],
    extra,
    start(random) {
      extra.mark = random();
    },
    advance(action) {
      const [velocity] = tuple(action, 1);
      world.body(ball).setLinvel({ x: velocity, y: 0, z: 0 }, true);
      world.step();
      extra.pushes++;
    },
    observe: (out) => out.set([world.body(ball).translation().x]),
    measure: () => ({ ...extra }),
    pose: () => world.pose(ball),
  };
  return createPhysicsScene(IDENTITY, world, content);
}

const position = (scene: Scene): number => {
  const seen = new Float32Array(1);
  scene.observe(seen);
  return seen[0]!;
};

describe("a scene in a physics world", () => {
  it("starts every episode from the world as it was built and the first extra state", () => {
    const scene = ballScene();
    scene.reset(() => 0.25);
    expect([position(scene), scene.measure()]).toEqual([0, { pushes: 0, mark: 0.25 }]);
    scene.advance([2]);
    expect(position(scene)).toBeCloseTo(0.2, 6);
    expect(scene.measure().pushes).toBe(1);
    scene.reset(() => 0.5);
    expect([position(scene), scene.measure()]).toEqual([0, { pushes: 0, mark: 0.5 }]);
    scene.close();
  });

  it("comes back from a snapshot, world and extra state", () => {
    const scene = ballScene();
    scene.reset(() => 0.25);
    scene.advance([2]);
    const seen = position(scene);
    const snapshot = scene.snapshot();
    scene.advance([-9]);
    scene.restore(snapshot);
    expect([position(scene), scene.measure()]).toEqual([seen, { pushes: 1, mark: 0.25 }]);
    expect(scene.snapshot()).toEqual(snapshot);
    scene.close();
  });

  it("refuses a snapshot with another number of extra values, and stays as it is", () => {
    const scene = ballScene();
    const other = encodeSnapshot(IDENTITY, { extra: Float64Array.of(1), world: new Uint8Array(0) });
    const before = scene.snapshot();
    expect(() => scene.restore(other)).toThrow(InputError);
    expect(() => scene.restore(other)).toThrow(/got 1 numbers .*expected 2 \(pushes, mark\)/);
    expect(scene.snapshot()).toEqual(before);
    scene.close();
  });

  it("has fixed bodies in world coordinates, and knows how many bodies there are", () => {
    const scene = ballScene();
    scene.reset(() => 0);
    scene.advance([1]);
    expect(scene.bodyPose(0)).toEqual({ position: [0, 0, 0], rotation: [0, 0, 0, 1] });
    expect(scene.bodyPose(1).position[0]).toBeCloseTo(0.1, 6);
    expect(() => scene.bodyPose(2)).toThrow(/Body 2 of 2/);
    scene.close();
  });
});

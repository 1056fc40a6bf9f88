import { beforeAll, describe, expect, it } from "vitest";
import { xyz } from "../../sim/core/math/vector.js";
import {
  initPhysics,
  JointData,
  PhysicsWorld,
  type RevoluteImpulseJoint,
  RigidBodyDesc,
} from "../../sim/world.js";
import { dampen, rod } from "../../tasks/mechanics.js";

beforeAll(initPhysics);

/** A rod of 2 m and 3 kg on a hinge about y through its end that begins to turn at 1 rad/s; its speed after a second. */
function spinAfterOneSecond(along: "x" | "z", damping: number): number {
  const world = new PhysicsWorld({ gravity: [0, 0, 0], timestep: 0.001, solverIterations: 4 });
  try {
    const post = world.rapier.createRigidBody(RigidBodyDesc.fixed());
    const body = world.rapier.createRigidBody(rod(1.5, 2, along));
    const data = JointData.revolute(xyz([0, 0, 0]), xyz([0, 0, 0]), xyz([0, 1, 0]));
    const joint = world.rapier.createImpulseJoint(data, post, body, true) as RevoluteImpulseJoint;
    dampen(joint, damping);
    body.setAngvel(xyz([0, 1, 0]), true);
    body.setLinvel(xyz(along === "x" ? [0, 0, -1] : [1, 0, 0]), true);
    for (let i = 0; i < 1000; i++) world.step();
    return world.angularVelocity(body.handle)[1];
  } finally {
    world.close();
  }
}

describe.each(["x", "z"] as const)("a rod along %s", (along) => {
  it("turns on with next to no damper, and slows by its inertia m l² / 3 about the end with one", () => {
    expect(spinAfterOneSecond(along, 1e-6)).toBeCloseTo(1, 2);
    const inertia = (3 * 2 * 2) / 3;
    expect(spinAfterOneSecond(along, 2)).toBeCloseTo(Math.exp(-2 / inertia), 2);
  });
});

import { beforeAll, describe, expect, it } from "vitest";
import { add, rotate, sub, type Vec3 } from "../../sim/core/math/vector.js";
import { Rng } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
import { randomAction } from "../../sim/random-action.js";
import type { Scene } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { POLE_LENGTHS } from "../../tasks/cartpole/cartpole.js";
import { START_POSITION } from "../../tasks/door/start.js";
import { FOREARM_LENGTHS } from "../../tasks/reacher/reacher.js";
import { builtinSuites } from "../../tasks/registry.js";

/** Place of a point of a body's frame, m. */
function placeOf(scene: Scene, name: string, point: Vec3 = [0, 0, 0]): Vec3 {
  const { position, rotation } = scene.bodyPose(scene.bodies.findIndex((body) => body.name === name));
  return add([...position], rotate([...rotation], point));
}

/** Of a gripper that starts at a place (m): links' frames are the world's axes at the start. */
function gripperFrom(start: Vec3) {
  let grip: Vec3 | undefined;
  return (scene: Scene): Vec3 => {
    grip ??= sub(start, placeOf(scene, "link7"));
    return placeOf(scene, "link7", grip);
  };
}

const block = (scene: Scene) => placeOf(scene, "block");

/** By suite: the names of the first task's landmarks with where the bodies are, and how near they must be, m. */
const WANTED: Record<string, [Record<string, (scene: Scene) => Vec3>, number]> = {
  // The hand hangs by a controller, up to a centimetre from the height that it is to keep.
  push: [{ gripper: gripperFrom([-0.23, 0, 0.86]), block }, 0.01],
  "push-random": [{ gripper: gripperFrom([-0.23, 0, 0.86]), block }, 0.01],
  "push-slide": [
    { gripper: gripperFrom([-0.1, 0, 0.84]), "second block": (scene) => placeOf(scene, "secondBlock") },
    0.005,
  ],
  door: [{ gripper: gripperFrom(START_POSITION) }, 1e-3],
  cartpole: [{ tip: (scene) => placeOf(scene, "pole", [0, 0, POLE_LENGTHS[0]!]) }, 1e-3],
  reacher: [{ fingertip: (scene) => placeOf(scene, "forearm", [FOREARM_LENGTHS[0]!, 0, 0]) }, 1e-3],
  cheetah: [{ torso: (scene) => placeOf(scene, "torso") }, 1e-3],
};

beforeAll(initPhysics);

describe.each(builtinSuites.map(({ name, tasks }) => [name, tasks[0]!] as const))("%s", (suite, task) => {
  it("has landmarks that are where the bodies are, now and in observations to come", () => {
    const [wanted, tolerance] = WANTED[suite]!;
    expect(task.landmarks!.names).toEqual(Object.keys(wanted));
    const [environment, ahead] = [new Environment(task), new Environment(task)];
    try {
      const observations = [environment.reset(7).slice()];
      ahead.reset(7);
      const rng = Rng.fromSeed(3);
      const places = () => Object.values(wanted).map((place) => place(ahead.scene));
      const expected = [places()];
      let action: Float32Array = new Float32Array();
      for (let step = 0; step < 20; step++) {
        if (step % 5 === 0) action = randomAction(task.spec, rng);
        observations.push(ahead.step(action).observation.slice());
        expected.push(places());
      }
      const located = task.landmarks!.locate(observations, environment.scene);
      expected.flat(2).forEach((value, i) => {
        expect(Math.abs(located.flat(2)[i]! - value)).toBeLessThan(tolerance);
      });
      const moved = (i: number) => expected[20]!.flat()[i]! - expected[0]!.flat()[i]!;
      expect(Math.hypot(moved(0), moved(1), moved(2))).toBeGreaterThan(2 * tolerance);
    } finally {
      environment.close();
      ahead.close();
    }
  });
});

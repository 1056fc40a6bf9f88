import type { Pose, VisualShape } from "../../../sim/task.js";
import type { EpisodeData } from "./data.js";
import { isGoal, poseOf } from "./state.js";
import { isWorking } from "./tool-path.js";
import { type Quat, rotate, sub, unit, type Vec3 } from "./vectors.js";

/** Moments that are looked at. */
const MOMENTS = 16;

/** The direction from which what moves is hidden the least by what is no arm; of equals the first. */
export function clearestDirection(episode: EpisodeData, directions: readonly Vec3[]): Vec3 {
  const { bodies, steps } = episode;
  const indices = bodies.map((_, i) => i);
  const moving = indices.filter((i) => !bodies[i].fixed && !isGoal(bodies[i]));
  const obstacles = indices.filter((i) => !isGoal(bodies[i]) && !isWorking(bodies[i]));
  const states = Array.from({ length: MOMENTS }, (_, i) => Math.round((i / (MOMENTS - 1)) * steps));
  const hides = (obstacle: number, state: number, point: Vec3, direction: Vec3) => {
    const pose = poseOf(episode, state, obstacle);
    return bodies[obstacle].shapes.some((shape) => isInTheWay(shape, pose, point, direction));
  };
  const hidden = directions.map(unit).map((direction) => {
    let count = 0;
    for (const state of states) {
      for (const body of moving) {
        const { position } = poseOf(episode, state, body);
        if (obstacles.some((o) => o !== body && hides(o, state, position, direction))) count++;
      }
    }
    return count;
  });
  return directions[hidden.indexOf(Math.min(...hidden))];
}

const inverse = ([x, y, z, w]: Quat): Quat => [-x, -y, -z, w];

/** Whether the ray from a point meets the box around a shape (slab test in the shape's own frame). */
export function isInTheWay({ pose, size }: VisualShape, body: Pose, point: Vec3, direction: Vec3): boolean {
  const inBody = rotate(inverse(body.rotation), sub(point, body.position));
  const from = rotate(inverse(pose.rotation), sub(inBody, pose.position));
  const along = rotate(inverse(pose.rotation), rotate(inverse(body.rotation), direction));
  let [near, far] = [0, Number.POSITIVE_INFINITY];
  for (const axis of [0, 1, 2]) {
    const [a, b] = [-1, 1].map((side) => ((side * size[axis]) / 2 - from[axis]) / along[axis]);
    near = Math.max(near, Math.min(a, b));
    far = Math.min(far, Math.max(a, b));
  }
  return near < far;
}

import { elementAt } from "../../../../sim/core/element.js";
import { type Quat, rotate, sub, type Vec3 } from "../../../../sim/core/math/vector.js";
import type { Pose, VisualShape } from "../../../../sim/task.js";
import type { EpisodeData } from "../data.js";
import { isGoal, poseOf } from "./state.js";
import { isWorking } from "./tool-path.js";
import { unit } from "./vectors.js";

/** Moments that are looked at. */
const MOMENTS = 16;

/** The direction from which what moves is hidden the least by what is no arm; of equals the first. */
export function clearestDirection(episode: EpisodeData, directions: readonly Vec3[]): Vec3 {
  const { bodies, steps } = episode;
  const numbered = [...bodies.entries()];
  const moving = numbered.filter(([, body]) => !body.fixed && !isGoal(body));
  const obstacles = numbered.filter(([, body]) => !isGoal(body) && !isWorking(body));
  const states = Array.from({ length: MOMENTS }, (_, i) => Math.round((i / (MOMENTS - 1)) * steps));
  const isHidden = (body: number, state: number, direction: Vec3) => {
    const { position } = poseOf(episode, state, body);
    return obstacles.some(([i, { shapes }]) => {
      if (i === body) return false;
      const pose = poseOf(episode, state, i);
      return shapes.some((shape) => isInTheWay(shape, pose, position, direction));
    });
  };
  const hidden = directions.map(unit).map((direction) => {
    let count = 0;
    for (const state of states) {
      for (const [body] of moving) if (isHidden(body, state, direction)) count++;
    }
    return count;
  });
  return elementAt(directions, hidden.indexOf(Math.min(...hidden)), "directions");
}

const inverse = ([x, y, z, w]: Quat): Quat => [-x, -y, -z, w];

/** Whether the ray from a point meets the box around a shape (slab test in the shape's own frame). */
export function isInTheWay({ pose, size }: VisualShape, body: Pose, point: Vec3, direction: Vec3): boolean {
  const inBody = rotate(inverse(body.rotation), sub(point, body.position));
  const from = rotate(inverse(pose.rotation), sub(inBody, pose.position));
  const along = rotate(inverse(pose.rotation), rotate(inverse(body.rotation), direction));
  let [near, far] = [0, Number.POSITIVE_INFINITY];
  for (const axis of [0, 1, 2] as const) {
    const a = (-size[axis] / 2 - from[axis]) / along[axis];
    const b = (size[axis] / 2 - from[axis]) / along[axis];
    near = Math.max(near, Math.min(a, b));
    far = Math.min(far, Math.max(a, b));
  }
  return near < far;
}

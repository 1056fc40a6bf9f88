import type { Pose, VisualBody } from "../../../sim/task.js";
import type { EpisodeData } from "./data.js";

/** Whether a body marks where something is to go, rather than being something. */
export const isGoal = ({ name }: VisualBody): boolean => /goal|target/i.test(name);

/** World pose of a body in a state; NaN where the recording has NaN or no such state. */
export function poseOf({ bodies, poses }: EpisodeData, state: number, body: number): Pose {
  const first = (state * bodies.length + body) * 7;
  const at = (k: number) => poses[first + k] ?? Number.NaN;
  return { position: [at(0), at(1), at(2)], rotation: [at(3), at(4), at(5), at(6)] };
}

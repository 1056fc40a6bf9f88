import type { Pose, VisualBody } from "../../../sim/task.js";
import type { EpisodeData } from "./data.js";

/** Whether a body marks where something is to go, rather than being something. */
export const isGoal = ({ name }: VisualBody): boolean => /goal|target/i.test(name);

/** World pose of a body in a state; NaN where the recording has NaN. */
export function poseOf({ bodies, poses }: EpisodeData, state: number, body: number): Pose {
  const at = (state * bodies.length + body) * 7;
  const [px, py, pz, qx, qy, qz, qw] = poses.subarray(at, at + 7);
  return { position: [px, py, pz], rotation: [qx, qy, qz, qw] };
}

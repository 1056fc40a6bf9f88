import { switchesUntil } from "../../../../sim/recording/task-switch.js";
import type { Pose, VisualBody } from "../../../../sim/task.js";
import type { EpisodeData } from "../data.js";

/** Whether a body marks where something is to go, rather than being something. */
export const isGoal = ({ name }: VisualBody): boolean => /goal|target/i.test(name);

/** The bodies as they look in a state; of a damaged recording, as they looked last where that is all it tells. */
export function bodiesIn(
  { header, bodies, bodiesAfter = [] }: EpisodeData,
  state: number,
): readonly VisualBody[] {
  return [bodies, ...bodiesAfter].slice(0, switchesUntil(header, state) + 1).at(-1) ?? bodies;
}

/** The bodies with the shapes that they have at any time. */
export function bodiesOverall({ bodies, bodiesAfter = [] }: EpisodeData): readonly VisualBody[] {
  return bodies.map((body, i) => ({
    ...body,
    shapes: [body, ...bodiesAfter.flatMap((look) => look[i] ?? [])].flatMap(({ shapes }) => shapes),
  }));
}

/** World pose of a body in a state; NaN where the recording has NaN or no such state. */
export function poseOf({ bodies, poses }: EpisodeData, state: number, body: number): Pose {
  const first = (state * bodies.length + body) * 7;
  const at = (k: number) => poses[first + k] ?? Number.NaN;
  return { position: [at(0), at(1), at(2)], rotation: [at(3), at(4), at(5), at(6)] };
}

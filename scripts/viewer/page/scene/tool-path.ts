import { largest } from "../../../../sim/core/extremes.js";
import { add, length, scale, type Vec3 } from "../../../../sim/core/math/vector.js";
import type { VisualBody } from "../../../../sim/task.js";
import type { EpisodeData } from "../data.js";
import { bodiesIn, isGoal, poseOf } from "./state.js";
import { toOuter } from "./vectors.js";

/** What the drawn path belongs to: the mean of points fixed to bodies. */
export interface Tool {
  readonly name: string;
  readonly points: readonly { readonly body: number; readonly point: Vec3 }[];
}

/** Names of bodies that do the work, the best first. */
const WORKING = [/finger/i, /gripper|hand|tool|tip/i, /^link\d+$/, /forearm|pole/i];

/** Whether a body is part of what does the work, an arm for example, by its name. */
export const isWorking = ({ name }: VisualBody): boolean => WORKING.some((pattern) => pattern.test(name));

/** Picks what to trace: the fingers or hand of an arm, the end of a pole, or else the first body that moves. */
export function findTool(bodies: readonly VisualBody[]): Tool | undefined {
  const moving = [...bodies.entries()].filter(([, body]) => !body.fixed && !isGoal(body));
  for (const pattern of WORKING) {
    const named = moving.filter(([, { name }]) => pattern.test(name));
    const last = named.at(-1);
    if (last === undefined) continue;
    if (pattern === WORKING[0]) {
      return { name: "gripper", points: named.map(([body]) => ({ body, point: [0, 0, 0] })) };
    }
    const [body, visual] = last;
    return { name: visual.name, points: [{ body, point: farEnd(visual) }] };
  }
  const [first] = moving;
  if (first === undefined) return undefined;
  const [body, { name }] = first;
  return { name, points: [{ body, point: [0, 0, 0] }] };
}

/** The middle of the shapes that lie farthest from the body's origin. */
function farEnd({ shapes }: VisualBody): Vec3 {
  const centers = shapes.map(({ pose }) => pose.position as Vec3);
  const farthest = Math.max(0, largest(centers.map(length)));
  const last = centers.filter((c) => length(c) > farthest - 1e-3);
  return last.length === 0 ? [0, 0, 0] : scale(last.reduce(add), 1 / last.length);
}

/**
 * World positions of the tool, `[S + 1, 3]`; where the recording has none, the last before.
 * @param tool that of the start; where the task changes, a pole may be longer from then on
 */
export function toolPath(episode: EpisodeData, tool: Tool): Float32Array {
  const tools = new Map([[episode.bodies, tool]]);
  const toolOf = (bodies: readonly VisualBody[]) => {
    const found = tools.get(bodies) ?? findTool(bodies) ?? tool;
    tools.set(bodies, found);
    return found;
  };
  const path = new Float32Array((episode.steps + 1) * 3);
  let last: Vec3 = [0, 0, 0];
  for (let state = 0; state <= episode.steps; state++) {
    const points = toolOf(bodiesIn(episode, state)).points.map(({ body, point }) =>
      toOuter(poseOf(episode, state, body), point),
    );
    const mean = scale(points.reduce(add), 1 / points.length);
    if (mean.every(Number.isFinite)) last = mean;
    path.set(last, 3 * state);
  }
  return path;
}

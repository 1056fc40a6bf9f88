import { elementAt } from "../../../../sim/core/element.js";
import { add, cross, dot, length, scale, sub, type Vec3 } from "../../../../sim/core/math/vector.js";
import type { VisualBody } from "../../../../sim/task.js";
import type { EpisodeData } from "../data.js";
import { clearestDirection } from "./sight.js";
import { bodiesOverall, isGoal, poseOf } from "./state.js";
import {
  type Box,
  centerOf,
  cornersOf,
  emptyBox,
  extend,
  isEmpty,
  join,
  sizeOf,
  toOuter,
  unit,
} from "./vectors.js";

/** Where the camera is to look, and how. */
export interface Frame {
  /** What must be in the picture, at the start when the camera follows. */
  readonly box: Box;
  /** Height of the lowest thing, where the ground is drawn, m. */
  readonly ground: number;
  /** Whether the robot travels so far that the camera should go with it. */
  readonly travels: boolean;
  /** The plane all motion lies in, if any. */
  readonly plane: "xy" | "xz" | undefined;
  /** From what is looked at towards where the tool is seen best. */
  readonly clearest: Vec3;
}

/** Where an overview may be from, the preferred first. */
const CORNERS: readonly [Vec3, ...Vec3[]] = [
  [0.8, -0.85, 0.62],
  [-0.8, -0.85, 0.62],
  [0.8, 0.85, 0.62],
  [-0.8, 0.85, 0.62],
];
const SAMPLES = 120;
/** Fixed bodies are in the picture as far as they are this close to what moves, as a share of its extent. */
const SURROUND = 0.08;
/** A robot that goes farther than so many times its own length is followed. */
const TRAVEL = 5;
/** Room around a robot that is followed, as a share of its length. */
const ROOM = 0.2;

/** Works out the picture of an episode from the bounds of its bodies, with all the shapes that they ever have. */
export function frameOf(recorded: EpisodeData): Frame {
  const episode = { ...recorded, bodies: bodiesOverall(recorded) };
  const { bodies, steps } = episode;
  const of = (wanted: (body: VisualBody) => boolean) =>
    bodies.flatMap((body, i) => (wanted(body) && body.shapes.length > 0 ? [i] : []));
  const moving = of((b) => !b.fixed && !isGoal(b));
  const subject = moving.length > 0 ? moving : of(() => true);
  const states = Array.from({ length: SAMPLES + 1 }, (_, i) => Math.round((i / SAMPLES) * steps));
  const start = boundsIn(episode, 0, subject);
  const path = emptyBox();
  for (const state of states) join(path, boundsIn(episode, state, subject));
  const longest = (box: Box) => Math.max(...sizeOf(box));
  const travels = longest(path) > TRAVEL * longest(start);
  const box = travels ? inflate(boundsFollowed(episode, states, subject), ROOM) : path;
  for (const i of of(isGoal)) {
    const goal = boundsIn(episode, 0, [i]);
    if (!travels) join(box, goal);
  }
  const everything = boundsIn(
    episode,
    0,
    of(() => true),
  );
  if (!travels && !isEmpty(box)) join(box, intersection(everything, inflate(box, SURROUND)));
  if (isEmpty(box)) {
    return {
      box: { min: [-0.5, -0.5, 0], max: [0.5, 0.5, 1] },
      ground: 0,
      travels: false,
      plane: undefined,
      clearest: CORNERS[0],
    };
  }
  const ground = isEmpty(everything) ? 0 : Math.min(everything.min[2], path.min[2]);
  const plane = planeOf(episode, moving, states);
  const clearest = plane === undefined ? clearestDirection(episode, CORNERS) : CORNERS[0];
  return { box, ground, travels, plane, clearest };
}

/** What some bodies' bounds would be if their middle stayed where it is at the start. */
function boundsFollowed(episode: EpisodeData, states: readonly number[], bodies: readonly number[]): Box {
  const box = emptyBox();
  const origin = middleOf(episode, 0, bodies);
  for (const state of states) {
    const here = boundsIn(episode, state, bodies);
    const back = sub(origin, middleOf(episode, state, bodies));
    if (!isEmpty(here)) join(box, { min: add(here.min, back), max: add(here.max, back) });
  }
  return box;
}

/** A frame for two episodes of the same kind; none when their robots travel. */
export function joinFrames(a: Frame, b: Frame): Frame | undefined {
  if (a.travels || b.travels) return undefined;
  const box = emptyBox();
  join(box, a.box);
  join(box, b.box);
  return { ...a, box };
}

function inflate(box: Box, share: number): Box {
  const by = scale([1, 1, 1], share * Math.max(...sizeOf(box)));
  return { min: sub(box.min, by), max: add(box.max, by) };
}

function intersection(a: Box, b: Box): Box {
  const pick = (f: (...xs: number[]) => number, p: Vec3, q: Vec3): Vec3 => [
    f(p[0], q[0]),
    f(p[1], q[1]),
    f(p[2], q[2]),
  ];
  return { min: pick(Math.max, a.min, b.min), max: pick(Math.min, a.max, b.max) };
}

function boundsIn(episode: EpisodeData, state: number, bodies: readonly number[]): Box {
  const box = emptyBox();
  for (const i of bodies) {
    const pose = poseOf(episode, state, i);
    for (const { size, pose: inBody } of elementAt(episode.bodies, i, "bodies").shapes) {
      const half = { min: scale(size, -0.5), max: scale(size, 0.5) };
      for (const corner of cornersOf(half)) extend(box, toOuter(pose, toOuter(inBody, corner)));
    }
  }
  return box;
}

/** Mean position of bodies, as a camera that follows them takes it. */
function middleOf(episode: EpisodeData, state: number, bodies: readonly number[]): Vec3 {
  const sum = bodies.map((body) => poseOf(episode, state, body).position).reduce(add, [0, 0, 0]);
  return scale(sum, 1 / Math.max(bodies.length, 1));
}

/** The plane that every moving body stays in: each keeps one coordinate to within a thousandth of all motion. */
function planeOf(episode: EpisodeData, moving: readonly number[], states: readonly number[]): Frame["plane"] {
  const spread = [0, 0, 0];
  for (const body of moving) {
    const box = emptyBox();
    for (const state of states) extend(box, poseOf(episode, state, body).position);
    if (!isEmpty(box))
      sizeOf(box).forEach((s, axis) => {
        spread[axis] = Math.max(spread[axis] ?? 0, s);
      });
  }
  const flat = spread.map((s) => s < 1e-3 * Math.max(...spread));
  if (flat[2] && !flat[0] && !flat[1]) return "xy";
  return flat[1] && !flat[0] ? "xz" : undefined;
}

export const VIEWS = ["overview", "front", "side", "top"] as const;
export type View = (typeof VIEWS)[number];

/** Vector from what is looked at to the camera; an overview is from where least stands before the tool. */
export function viewDirection(view: View, { plane, clearest }: Pick<Frame, "plane" | "clearest">): Vec3 {
  if (view === "front") return [1, 0, 0.08];
  if (view === "side") return [0, -1, 0.08];
  // Not quite vertical, where left and right would be undefined.
  if (view === "top") return [0, -0.001, 1];
  if (plane === "xz") return unit([0.25, -1, 0.2]);
  if (plane === "xy") return unit([0.1, -0.55, 1]);
  return clearest;
}

const UP: Vec3 = [0, 0, 1];
/** Free space around, as a share of the picture. */
const MARGIN = 1.08;

/**
 * The nearest camera position from which a box is wholly in the picture.
 * @param direction from the box to the camera
 * @param fov vertical opening angle, rad
 * @param aspect width by height
 */
export function fitCamera(
  box: Box,
  direction: Vec3,
  fov: number,
  aspect: number,
): { position: Vec3; target: Vec3 } {
  const target = centerOf(box);
  const back = unit(direction);
  const right = unit(cross(UP, back));
  const up = cross(back, right);
  const [tanY, tanX] = [Math.tan(fov / 2), Math.tan(fov / 2) * aspect];
  let distance = 0;
  for (const corner of cornersOf(box)) {
    const v = sub(corner, target);
    const across = Math.max(Math.abs(dot(v, right)) / tanX, Math.abs(dot(v, up)) / tanY);
    distance = Math.max(distance, MARGIN * across + dot(v, back));
  }
  return { position: add(target, scale(back, Math.max(distance, 1e-3))), target };
}

/** Half the diagonal of a box, m. */
export const radiusOf = (box: Box): number => length(sizeOf(box)) / 2;

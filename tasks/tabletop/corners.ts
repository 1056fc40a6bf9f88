import { ChannelSpan } from "../../sim/channel-span.js";
import type { Ops } from "../../sim/core/ops.js";
import type { ActionChannel, Channel, MovingQuantity, ObservationChannel } from "../../sim/task.js";
import type { Corners, PlanePoint } from "./layout.js";

/** In the order of `bottomCorners`. */
const CORNER_NAMES = ["BackRight", "BackLeft", "FrontRight", "FrontLeft"] as const;
const AXES = ["X", "Y"] as const;
// Keeps the gradient of a length finite where the length is zero; changes a reward by at most 5e-5.
const SMOOTHING = 1e-12;

/** Moving the gripper on the table. */
export const GRIPPER_ACTION: readonly ActionChannel[] = [
  { name: "dx", unit: "0.05 m", low: -1, high: 1 },
  { name: "dy", unit: "0.05 m", low: -1, high: 1 },
];

const channelName = (block: string, corner: string): string => {
  const name = `${block}${corner}`;
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
};

/** x and y of a block's four bottom corners. @param block begins the names of the channels; may be empty */
export function cornerChannels(block = ""): ObservationChannel[] {
  return CORNER_NAMES.flatMap((corner) => [
    { name: `${channelName(block, corner)}X`, unit: "m" },
    { name: `${channelName(block, corner)}Y`, unit: "m" },
  ]);
}

const BACK_EDGE = CORNER_NAMES.slice(0, 2);
const FRONT_EDGE = CORNER_NAMES.slice(2);

/**
 * The gripper, whose velocity no channel tells: an arm answers an action by how fast it moves already.
 * @param offset begins the names of the channels with a point of a block less the gripper
 * @param point of the block: the middle of its back edge or its own
 */
export function movingGripper(offset: string, point: "backEdge" | "middle", block = ""): MovingQuantity[] {
  const corners = point === "backEdge" ? BACK_EDGE : CORNER_NAMES;
  return AXES.map((axis) => ({
    name: `gripper${axis}`,
    unit: "m",
    weights: { ...meanOf(corners, axis, block), [`${offset}${axis}`]: -1 },
  }));
}

/**
 * A block that slides: its middle, and its length as a vector from the back edge to the front edge, which turns with it. No channel
 * tells how fast they change.
 */
export function movingBlock(block: string): MovingQuantity[] {
  return AXES.flatMap((axis) => {
    const [front, back] = [meanOf(FRONT_EDGE, axis, block), meanOf(BACK_EDGE, axis, block)];
    const length = { ...front, ...Object.fromEntries(Object.entries(back).map(([name, w]) => [name, -w])) };
    return [
      { name: `${block}${axis}`, unit: "m", weights: meanOf(CORNER_NAMES, axis, block) },
      { name: `${block}Length${axis}`, unit: "m", weights: length },
    ];
  });
}

function meanOf(corners: readonly string[], axis: string, block: string): Record<string, number> {
  return Object.fromEntries(
    corners.map((corner) => [`${channelName(block, corner)}${axis}`, 1 / corners.length]),
  );
}

/** Finds the four corners of a block, or the two of its back edge, in an observation with `cornerChannels`. */
export function cornerSpans(channels: readonly Channel[], block = "") {
  const from = (first: string, last: string) =>
    new ChannelSpan(channels, `${channelName(block, first)}X`, `${channelName(block, last)}Y`);
  return { corners: from("BackRight", "FrontLeft"), backEdge: from("BackRight", "BackLeft") };
}

/**
 * Σ_i (1 - tanh(10 d_i)) - `effort` ‖u‖ with d_i the distance of corner i from its goal (m) and u the action; 0 … 4
 * without the action's cost.
 * @param corners x, y of the four corners `[..., 8]`
 * @param action `[..., U]`
 * @returns `[..., 1]`
 */
export function cornerReward<T>(ops: Ops<T>, corners: T, goal: Corners, action: T, effort: number): T {
  const norm = (x: T): T => ops.sqrt(ops.add(ops.sum(ops.mul(x, x)), ops.constant([SMOOTHING])));
  const offsets = ops.sub(corners, ops.constant(goal.flat()));
  const distances = ops.concat(CORNER_NAMES.map((_, i) => norm(ops.slice(offsets, 2 * i, 2 * i + 2))));
  const far = ops.sum(ops.tanh(ops.scale(distances, 10)));
  return ops.sub(ops.sub(ops.constant([4]), far), ops.scale(norm(action), effort));
}

/**
 * Middle of corners of a block.
 * @param span of x and y of each corner, in an observation `[X]`
 */
export function cornerMean(observation: ArrayLike<number>, span: ChannelSpan): PlanePoint {
  const numbers = span.read(observation);
  const mean = (axis: 0 | 1) => {
    const along = numbers.filter((_, i) => i % 2 === axis);
    return along.reduce((sum, value) => sum + value, 0) / along.length;
  };
  return [mean(0), mean(1)];
}

import type { TaskSpec } from "../../sim/task.js";
import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";

/** Entries of φ(s): every angle becomes (cos, sin). */
export function featureCount(spec: TaskSpec): number {
  return spec.observation.reduce((n, c) => n + (c.angle ? 2 : 1), 0);
}

/** φ of observations in a graph, features along `axis`: an angle becomes (cos, sin), other runs stay together. */
export function encodeFeatures(spec: TaskSpec, x: Tensor, axis: number): Tensor {
  if (!spec.observation.some((c) => c.angle)) return x;
  const parts: Tensor[] = [];
  let start = 0;
  spec.observation.forEach((channel, i) => {
    if (!channel.angle) return;
    if (i > start) parts.push(ops.slice(x, start, i, axis));
    const angle = ops.slice(x, i, i + 1, axis);
    parts.push(ops.cos(angle), ops.sin(angle));
    start = i + 1;
  });
  const end = spec.observation.length;
  if (end > start) parts.push(ops.slice(x, start, end, axis));
  return ops.concat(parts, axis);
}

/** φ(s) and u of one step, written to `out [features + U]`. */
export function encodeInput(
  spec: TaskSpec,
  observation: ArrayLike<number>,
  action: ArrayLike<number>,
  out: Float32Array,
): void {
  let at = 0;
  spec.observation.forEach((channel, i) => {
    if (channel.angle) {
      out[at++] = Math.cos(observation[i]!);
      out[at++] = Math.sin(observation[i]!);
    } else out[at++] = observation[i]!;
  });
  for (let i = 0; i < action.length; i++) out[at++] = action[i]!;
}

/** The derivatives of something with respect to a state and an action. */
export interface StepSlopes {
  /** `[S]` */
  readonly state: Float32Array;
  /** `[U]` */
  readonly action: Float32Array;
}

/**
 * The backward pass of `encodeInput`: takes the derivatives `slopes [I]` with respect to `input [I]`, which it wrote, and adds the
 * derivatives with respect to the state and the action to theirs. Of `input` only the cosines and sines of angles are read.
 */
export function encodeInputBackward(
  spec: TaskSpec,
  input: Float32Array,
  slopes: Float32Array,
  { state, action }: StepSlopes,
): void {
  let at = 0;
  spec.observation.forEach((channel, i) => {
    if (channel.angle) {
      state[i]! += input[at]! * slopes[at + 1]! - input[at + 1]! * slopes[at]!;
      at += 2;
    } else state[i]! += slopes[at++]!;
  });
  for (let i = 0; i < action.length; i++) action[i]! += slopes[at++]!;
}

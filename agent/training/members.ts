import { elementAt } from "../../sim/core/element.js";
import type { Rng } from "../../sim/core/rng.js";
import { rowsOf } from "../../sim/core/rows.js";
import { joinMembers } from "../model/ensemble.js";
import { generatedCount, type HypernetworkShape } from "../model/hypernetwork.js";
import { weightCount } from "../model/network.js";
import { drawEmbedding, type ThetaHolder } from "./theta.js";

/**
 * Draws the embeddings that the members of a task start with, `[G, E]`.
 * @param rng the task's stream: the first member draws from it, every other from one of its own
 */
export function drawEmbeddings(shape: HypernetworkShape, members: number, rng: Rng): Float32Array {
  const out = new Float32Array(members * shape.embedding);
  for (let m = 0; m < members; m++) {
    out.set(drawEmbedding(shape, m === 0 ? rng : rng.split(`member${m}`)), m * shape.embedding);
  }
  return out;
}

/** What Θ generates for the embeddings `[G, E]` of a task's members: `[G, Q]`. */
export async function generateMembers(
  theta: ThetaHolder,
  shape: HypernetworkShape,
  embeddings: Float32Array,
): Promise<Float32Array> {
  const Q = generatedCount(shape);
  const members = rowsOf(embeddings, shape.embedding);
  const out = new Float32Array(members.length * Q);
  for (const [m, e] of members.entries()) out.set(await theta.generate(e), m * Q);
  return out;
}

/**
 * The network that the weights `[G, P]` of a task's members make together, or that of one of them; views where nothing is
 * joined.
 */
export function memberNetwork(
  { target }: HypernetworkShape,
  weights: Float32Array,
  member?: number,
): Float32Array {
  const rows = rowsOf(weights, weightCount(target));
  return member === undefined ? joinMembers(target, rows) : elementAt(rows, member, "members");
}

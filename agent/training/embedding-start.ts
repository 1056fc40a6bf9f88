import { elementAt } from "../../sim/core/element.js";
import type { Rng } from "../../sim/core/rng.js";
import { rowsOf } from "../../sim/core/rows.js";
import type { EmbeddingStartName } from "../model/embedding-starts.js";
import { generatedCount } from "../model/hypernetwork.js";
import { weightCount } from "../model/network.js";
import { arraysByName } from "../model/saved-arrays.js";
import { type Composed, type CompositionOptions, fitComposition } from "./composition.js";
import { networkLosses, type TaskTransitions } from "./network-losses.js";
import type { RegularizedTrainer } from "./regularized-trainer.js";

/** A learned task. */
interface LearnedTask {
  /** Of all members, `[G, E]`. */
  readonly embeddings: Float32Array;
  /** What is generated for them now, `[G, Q]`. */
  readonly generated: Float32Array;
}

/** Where the embeddings of a new task can start from. */
export interface EmbeddingStart extends CompositionOptions {
  readonly start: Exclude<EmbeddingStartName, "random">;
  /** G */
  readonly members: number;
  readonly trainer: Pick<RegularizedTrainer, "base" | "entries">;
  /** At least one. */
  readonly learned: readonly LearnedTask[];
}

/**
 * The embeddings that a new task starts with, `[G, E]`, by its first transitions.
 *
 * `nearest`: those of the learned task whose models predict the transitions best, summed over the members; of equal ones the first.
 * `composition`: of each member a weighted mean of its learned embeddings, see `fitComposition`.
 * @param rng draws minibatches of the composition
 */
export async function startEmbeddings(
  from: EmbeddingStart,
  transitions: TaskTransitions,
  rng: Rng,
): Promise<Float32Array> {
  if (from.start === "composition") return composedEmbeddings(from, transitions, rng);
  const nearest = await nearestTask(from, transitions);
  return elementAt(from.learned, nearest, "learned tasks").embeddings.slice();
}

/** The place in `learned` of the task whose models predict the transitions best. */
async function nearestTask(from: EmbeddingStart, transitions: TaskTransitions): Promise<number> {
  const { shape, members, learned } = from;
  const bases = basesOf(from);
  const networks = learned.flatMap(({ generated }) =>
    rowsOf(generated, generatedCount(shape)).map((row, m) => ({ generated: row, base: bases?.[m] })),
  );
  const losses = rowsOf(Float32Array.from(await networkLosses(shape, transitions, networks)), members);
  const sums = losses.map((row) => row.reduce((sum, loss) => sum + loss, 0));
  return sums.reduce((best, loss, j) => (loss < elementAt(sums, best, "losses") ? j : best), 0);
}

async function composedEmbeddings(
  from: EmbeddingStart,
  transitions: TaskTransitions,
  rng: Rng,
): Promise<Float32Array> {
  const { shape, members, trainer, learned } = from;
  const E = shape.embedding;
  const bases = basesOf(from);
  const theta = arraysByName(trainer.entries());
  const out = new Float32Array(members * E);
  for (let m = 0; m < members; m++) {
    const embeddings = learned.map((task) => task.embeddings.subarray(m * E, (m + 1) * E));
    const composed: Composed = { embeddings, theta, base: bases?.[m] };
    const own = m === 0 ? rng : rng.split(`member${m}`);
    const c = await fitComposition(from, composed, transitions, own);
    out.set(weightedSum(c, embeddings), m * E);
  }
  return out;
}

function weightedSum(weights: Float32Array, rows: readonly Float32Array[]): Float32Array {
  const [first] = rows;
  return Float32Array.from(first ?? [], (_, i) =>
    rows.reduce((sum, row, j) => sum + elementAt(weights, j, "weights") * elementAt(row, i, "row"), 0),
  );
}

/** W₀ of each member, where the form of output has one. */
function basesOf({ shape, trainer: { base } }: EmbeddingStart): Float32Array[] | undefined {
  return base && rowsOf(base.values(0), weightCount(shape.target));
}

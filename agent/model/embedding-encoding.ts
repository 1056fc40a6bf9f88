import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";

/** Names of the ways in which a hypernetwork reads embeddings. */
export const ENCODINGS = ["none", "angles"] as const;

export type EmbeddingEncoding = (typeof ENCODINGS)[number];

/** Numbers that the hypernetwork reads of an embedding of E. */
export function encodedSize(embedding: number, encoding: EmbeddingEncoding = "none"): number {
  return encoding === "angles" ? 2 * embedding : embedding;
}

/**
 * Embeddings `[R, E]` as the hypernetwork reads them. With `angles` every coordinate x becomes the angle π/2 · σ(x), σ the logistic function,
 * and its cosine and sine are read, `[R, 2E]`: all embeddings then have norm √E, so that no embedding makes larger weights than another by its
 * length alone (Gonzalez Ortiz et al. 2023, "Magnitude Invariant Parametrizations Improve Hypernetwork Learning", arXiv 2304.07645). How coordinates
 * without bounds become angles is a choice made here.
 */
export function encodeEmbeddings(e: Tensor, encoding: EmbeddingEncoding = "none"): Tensor {
  if (encoding === "none") return e;
  const angles = ops.mul(ops.sigmoid(e), Math.PI / 2);
  return ops.concat([ops.cos(angles), ops.sin(angles)]);
}

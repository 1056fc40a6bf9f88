import { z } from "zod";
import { UsageError } from "../../sim/core/errors.js";
import { countField } from "../../sim/core/setting-fields.js";
import type { Settings } from "../settings/schema.js";
import { checkOutput } from "./check-output.js";
import { HyperCrlLearner, type HyperCrlOptions, hyperCrlOptions } from "./hypercrl.js";
import { hyperCrlSize } from "./hypercrl-size.js";
import { defineMethod } from "./method.js";

/**
 * HyperCRL with a smaller hypernetwork that generates the weights in chunks, each from an embedding of its own (von
 * Oswald et al. 2020, arXiv 1906.00695; `chunked` in Huang et al. 2021, arXiv 2009.11997). Embeddings of earlier tasks
 * stay as learned; the published code goes on adapting them.
 */
export const chunked = defineMethod({
  name: "chunked",
  summary: "HyperCRL with a small hypernetwork that generates the weights chunk by chunk",
  checkSettings: (settings) => {
    checkOutput(settings, ["full"]);
    if (settings.hypernetwork.init !== "base") return;
    throw new UsageError({
      what: "Setting hypernetwork.init is not valid",
      got: "base, and method chunked",
      expected: "xavier or hyperfan",
      todo: "Leave it out: all chunks share one bias, so that it cannot start as a network",
    });
  },
  revisits: true,
  // Published for all suites alike.
  defaults: { paper: ["hypernetwork.activation=relu", "hypernetwork.beta=0.005"] },
  settings: {
    hidden: z
      .array(z.int().min(1).max(4096))
      .min(1)
      .max(8)
      .default([20, 20])
      .describe("Hidden layer sizes of the hypernetwork."),
    chunk: countField(1_000_000).default(2000).describe("Weights generated at a time."),
    chunkEmbedding: countField(4096).default(20).describe("Size of a chunk's embedding."),
  },
  size: (dynamics, settings, own) =>
    hyperCrlSize({ ...chunkedShape(settings, own), target: dynamics }, settings, { names: CHUNKED_SIZES }),
  create: (options, settings, own) =>
    new HyperCrlLearner({
      ...options,
      ...hyperCrlOptions(settings),
      hypernetwork: chunkedShape(settings, own),
    }),
});

const CHUNKED_SIZES = ["chunked.hidden", "chunked.chunk", "dynamics.hidden"];

function chunkedShape(
  { hypernetwork }: Settings,
  { hidden, chunk, chunkEmbedding }: { hidden: number[]; chunk: number; chunkEmbedding: number },
): HyperCrlOptions["hypernetwork"] {
  const chunks = { size: chunk, embedding: chunkEmbedding };
  // All chunks share the last layer's columns, so that no initial scale can fit one of them.
  return { ...hypernetwork, hidden, chunks, init: "xavier" };
}

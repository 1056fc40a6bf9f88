import { z } from "zod";

/** `hypernetwork.start` */
export const startField = z
  .enum(["random", "nearest", "composition"])
  .describe(
    "What the embedding of a new task starts as. random: drawn; nearest: that of the learned task whose model predicts the first data best; composition: a weighted mean of learned ones, fitted to the first data.",
  );

/** `random`: drawn as any embedding is; for the others see `startEmbeddings` in `training/`. */
export type EmbeddingStartName = z.infer<typeof startField>;

/** What of the machine a run may use. Nothing of it is a setting: results do not depend on the threads. */
export interface Compute {
  /** Threads that work together on planning, training and evaluation, with the calling one. */
  readonly threads: number;
  /** Whether the fused kernel can run; without it the graph trainer takes its place. */
  readonly kernel: boolean;
}

/** One thread, all that WebAssembly offers. */
export const ONE_THREAD: Compute = { threads: 1, kernel: true };

/** What makes a hypernetwork's minibatch steps, see `training.engine`. */
export const TRAINING_ENGINES = ["fused", "relaxed", "graph"] as const;
export type TrainingEngine = (typeof TRAINING_ENGINES)[number];

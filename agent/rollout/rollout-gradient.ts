import type { CostGradient } from "../../planners/types.js";

/** A way to compute derivatives of predicted costs for one number of action sequences, on the calling thread. */
export interface RolloutGradient {
  /** N */
  readonly samples: number;
  /** Must be called when the network has got other weights. */
  load(): void;
  /** Costs of actions `[H, N, U]` from a state `[S]`, and their derivatives; valid until the next call. */
  run(state: Float32Array, actions: Float32Array): Promise<CostGradient>;
  release(): Promise<void>;
}

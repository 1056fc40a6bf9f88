import type { Rng } from "./core/rng.js";
import type { TaskSpec } from "./task.js";

/** An action `[U]` drawn evenly between the limits of each channel. */
export function randomAction({ action }: TaskSpec, rng: Rng): Float32Array {
  return Float32Array.from(action, ({ low, high }) => low + (high - low) * rng.uniform());
}

import type { TaskDynamics } from "../../../agent/model/dynamics.js";
import { Normalizer } from "../../../agent/model/normalizer.js";
import { linearSystem } from "../fixtures.js";

/** The dynamics of a linear system as a network of one layer, which predicts it exactly. @param variant of `linearSystem` */
export function linearDynamics(variant: number): TaskDynamics {
  const system = linearSystem(variant);
  const change = (input: readonly number[]) => {
    const x = Float32Array.from(input.slice(0, 2));
    const next = system(x, Float32Array.from(input.slice(2)));
    return next.map((v, i) => v - x[i]!);
  };
  const bias = change([0, 0, 0, 0]);
  const rows = [0, 1, 2, 3].map((i) => change([0, 1, 2, 3].map((j) => (i === j ? 1 : 0))));
  const weights = Float32Array.from([
    ...rows.flatMap((row) => [...row.map((v, o) => v - bias[o]!)]),
    ...bias,
  ]);
  // Of a normaliser that has seen nothing, means are 0 and scales are 1.
  return {
    shape: { sizes: [4, 2], activation: "elu" },
    weights,
    normalizer: new Normalizer(4, 2, true).arrays(),
  };
}

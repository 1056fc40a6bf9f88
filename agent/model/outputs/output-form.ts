import type { Tensor } from "../../graph/graph.js";
import type { MlpShape } from "../network.js";

/** Generated numbers that lie side by side and start alike. */
export interface GeneratedPart {
  readonly count: number;
  /** They start with the variance of uniform numbers in ±bound; 0: at zero. */
  readonly bound: number;
}

/**
 * What the numbers that a hypernetwork generates mean. The last layer of the hypernetwork has a column for each of Q generated numbers:
 * targets and the regulariser know these alone. Planning, export and recognition know the P weights of the dynamics network, which
 * follow from them.
 */
export interface OutputForm {
  /** Q, numbers generated for one network: the sum of the parts. */
  readonly count: number;
  readonly parts: readonly GeneratedPart[];
  /** Whether the generated numbers say how a network departs from a base W₀ `[P]`, which is learned beside the hypernetwork. */
  readonly hasBase: boolean;
  /**
   * The weights of n networks.
   * @param generated `[n, Q]`
   * @param base W₀ of each network `[n, P]`, of a form that has one
   * @returns `[n, P]`, in the order of `parameterShapes`
   */
  weights(generated: Tensor, base?: Tensor): Tensor;
}

/** Q of parts that come one after another. */
export function partsCount(parts: readonly GeneratedPart[]): number {
  return parts.reduce((sum, { count }) => sum + count, 0);
}

/** The bounds of the log-variance, where there are any; like biases they start at 0. */
export function boundsPart({ outputVariance, sizes }: MlpShape): GeneratedPart[] {
  return outputVariance ? [{ count: sizes[sizes.length - 1]!, bound: 0 }] : [];
}

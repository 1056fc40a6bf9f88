import { elementAt } from "../../sim/core/element.js";
import { layerSizes, type MlpShape, weightCount } from "./network.js";

/**
 * The network that n networks of one shape make together, an ensemble (Lakshminarayanan et al. 2017; for planning Chua et al. 2018,
 * PETS): their hidden layers side by side, none of which reads another's, and an output layer that is the mean of theirs. Where one
 * network is wrong by chance the others rarely are in the same way, and a planner finds fewer errors to follow.
 */
export function ensembleShape(member: MlpShape, members: number): MlpShape {
  if (members === 1) return member;
  const last = member.sizes.length - 1;
  const sizes = member.sizes.map((size, i) => (i === 0 || i === last ? size : size * members));
  return { ...member, sizes, members };
}

/**
 * The weights of an ensemble, `[P]` of `ensembleShape`.
 * @param weights of each member, n arrays with the weights of `member`
 */
export function joinMembers(member: MlpShape, weights: readonly Float32Array[]): Float32Array {
  const n = weights.length;
  if (n === 1) return elementAt(weights, 0, "members");
  const out = new Float32Array(weightCount(ensembleShape(member, n)));
  const last = member.sizes.length - 2;
  /** Numbers of every member that are in their place. */
  let copied = 0;
  let layerStart = 0;
  for (const [l, [inputs, outputs]] of layerSizes(member).entries()) {
    const isLast = l === last;
    const width = isLast ? outputs : n * outputs;
    const height = l === 0 ? inputs : n * inputs;
    for (const [m, own] of weights.entries()) {
      const column = isLast ? 0 : m * outputs;
      for (let row = 0; row <= inputs; row++) {
        const bias = row === inputs;
        const to = bias ? height : (l === 0 ? 0 : m * inputs) + row;
        const at = layerStart + to * width + column;
        for (let o = 0; o < outputs; o++) {
          const value = own[copied + row * outputs + o]!;
          // Several members share the first layer's inputs and the last one's outputs, of which only the latter are summed.
          out[at + o]! += isLast ? value / n : value;
        }
      }
    }
    copied += (inputs + 1) * outputs;
    layerStart += (height + 1) * width;
  }
  // What comes after the layers: the bounds of the log-variance, where there are two heads.
  for (const own of weights) {
    for (let i = copied; i < own.length; i++) out[layerStart + i - copied]! += own[i]! / n;
  }
  return out;
}

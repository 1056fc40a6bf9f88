import { type Activation, activate, type MlpShape, weightCount } from "./dynamics.js";
import type { Tensor } from "./graph/graph.js";
import * as ops from "./graph/operations.js";
import { type ParameterSpec, xavierBound } from "./parameters.js";

export interface HypernetworkShape {
  /** E, size of a task embedding. */
  readonly embedding: number;
  readonly hidden: readonly number[];
  readonly activation: Activation;
  /** `xavier` as published; `hyperfan` gives the generated weights the variance a plain network starts with. */
  readonly init: "xavier" | "hyperfan";
  /** The network whose weights are generated. */
  readonly target: MlpShape;
}

/**
 * The last layer holds nearly all of Θ. It is kept in shards of this many columns, so that one shard with its
 * moments and gradient stays in a core's second-level cache while the optimiser works on it.
 */
const SHARD_COLUMNS = 2048;

/** Column ranges of the last layer's shards. */
function shards(columns: number): { start: number; end: number }[] {
  const count = Math.ceil(columns / SHARD_COLUMNS);
  return Array.from({ length: count }, (_, i) => ({
    start: i * SHARD_COLUMNS,
    end: Math.min(columns, (i + 1) * SHARD_COLUMNS),
  }));
}

/** Parameters Θ: weight and bias of each hidden layer, then of each shard of the last layer. */
export function hypernetworkParameters(shape: HypernetworkShape): ParameterSpec[] {
  const sizes = [shape.embedding, ...shape.hidden];
  const specs: ParameterSpec[] = [];
  shape.hidden.forEach((out, i) => {
    specs.push({
      name: `hidden.${i}.weight`,
      shape: [sizes[i], out],
      bound: xavierBound(sizes[i], out),
    });
    specs.push({ name: `hidden.${i}.bias`, shape: [1, out], bound: 0 });
  });
  const last = sizes[sizes.length - 1];
  const columns = weightCount(shape.target);
  shards(columns).forEach(({ start, end }, i) => {
    specs.push({ name: `head.${i}.weight`, shape: [last, end - start], bound: xavierBound(last, columns) });
    specs.push({ name: `head.${i}.bias`, shape: [1, end - start], bound: 0 });
  });
  return specs;
}

/**
 * Rescales the last layer so that the weights generated for one embedding have, layer by layer, the variance of a
 * Xavier-initialised network, and zero biases. The aim of "hyperfan" (Chang, Flokas & Lipson, "Principled Weight
 * Initialization for Hypernetworks", 2020), reached by measuring what is generated instead of by its expectation.
 * @param generated weights `[P]` that the unscaled hypernetwork generates
 * @param scale receives the factor for each of the P columns
 */
export function hyperfanScales(target: MlpShape, generated: Float32Array, scale: Float32Array): void {
  let at = 0;
  for (let i = 0; i + 1 < target.sizes.length; i++) {
    const [fanIn, out] = [target.sizes[i], target.sizes[i + 1]];
    const size = fanIn * out;
    const layer = generated.subarray(at, at + size);
    const power = layer.reduce((sum, w) => sum + w * w, 0) / size;
    const wanted = xavierBound(fanIn, out) ** 2 / 3;
    scale.fill(Math.sqrt(wanted / power), at, at + size);
    scale.fill(0, at + size, at + size + out);
    at += size + out;
  }
}

/** Output of the hidden layers: embeddings `[R, E]` → `[R, hidden]`. */
export function hiddenOutput(
  { hidden, activation }: HypernetworkShape,
  theta: readonly Tensor[],
  e: Tensor,
): Tensor {
  let h = e;
  for (let i = 0; i < hidden.length; i++) {
    h = activate(activation, ops.gemm(h, theta[2 * i], theta[2 * i + 1]));
  }
  return h;
}

/** `h(e; Θ)`: embeddings `[R, E]` → generated weights `[R, P]`. */
export function hypernetwork(shape: HypernetworkShape, theta: readonly Tensor[], e: Tensor): Tensor {
  const h = hiddenOutput(shape, theta, e);
  const head: Tensor[] = [];
  for (let i = 2 * shape.hidden.length; i < theta.length; i += 2)
    head.push(ops.gemm(h, theta[i], theta[i + 1]));
  return ops.concat(head);
}

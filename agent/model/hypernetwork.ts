import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import {
  type Activation,
  activate,
  layerSizes,
  layersFromParts,
  type MlpShape,
  weightCount,
} from "./dynamics.js";
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
  /** Generate the weights in chunks of equal size, by one small network; without it, all at once. */
  readonly chunks?: Chunks;
}

/**
 * Chunked hypernetwork (von Oswald, Henning, Sacramento & Grewe, "Continual learning with hypernetworks", ICLR
 * 2020, section 2.3 and appendix C): the generated weights are cut into C chunks, and the same network generates
 * each of them from the task's embedding and a learned embedding of the chunk, which is part of Θ. Θ can then be
 * smaller than what it generates. What the last chunk has beyond P is not used.
 */
interface Chunks {
  /** Weights in a chunk. */
  readonly size: number;
  /** Size of a chunk's embedding. */
  readonly embedding: number;
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

/**
 * Parameters Θ: weight and bias of each hidden layer, then of each shard of the last layer, then the embeddings of
 * the chunks, which start standard normal like those of tasks.
 */
export function hypernetworkParameters(shape: HypernetworkShape): ParameterSpec[] {
  const { chunks } = shape;
  const specs: ParameterSpec[] = [];
  let last = shape.embedding + (chunks?.embedding ?? 0);
  shape.hidden.forEach((out, i) => {
    specs.push({ name: `hidden.${i}.weight`, shape: [last, out], bound: xavierBound(last, out) });
    specs.push({ name: `hidden.${i}.bias`, shape: [1, out], bound: 0 });
    last = out;
  });
  const columns = chunks?.size ?? weightCount(shape.target);
  shards(columns).forEach(({ start, end }, i) => {
    specs.push({ name: `head.${i}.weight`, shape: [last, end - start], bound: xavierBound(last, columns) });
    specs.push({ name: `head.${i}.bias`, shape: [1, end - start], bound: 0 });
  });
  if (chunks !== undefined) {
    specs.push({ name: "chunks", shape: [chunkCount(shape), chunks.embedding], bound: 0, std: 1 });
  }
  return specs;
}

/** C */
function chunkCount({ chunks, target }: HypernetworkShape): number {
  return chunks === undefined ? 1 : Math.ceil(weightCount(target) / chunks.size);
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
  for (const [fanIn, out] of layerSizes(target)) {
    const size = fanIn * out;
    const layer = generated.subarray(at, at + size);
    const power = layer.reduce((sum, w) => sum + w * w, 0) / size;
    const wanted = xavierBound(fanIn, out) ** 2 / 3;
    scale.fill(Math.sqrt(wanted / power), at, at + size);
    scale.fill(0, at + size, at + size + out);
    at += size + out;
  }
  // What is left are bounds of the log-variance, which like biases start at 0.
  scale.fill(0, at);
}

/** Output of the hidden layers: embeddings `[R, E]` → `[R, hidden]`, or `[R · C, hidden]` with C chunks. */
export function hiddenOutput(shape: HypernetworkShape, theta: readonly Tensor[], e: Tensor): Tensor {
  const layers = layersFromParts(theta).slice(0, shape.hidden.length);
  return layers.reduce((h, { weight, bias }, i) => {
    const y = i === 0 && shape.chunks ? firstOfChunks(shape, theta, e) : ops.gemm(h, weight, bias);
    return activate(shape.activation, y);
  }, e);
}

/**
 * The first layer on every pair of task and chunk, `[R · C, hidden]`. Its product with two embeddings side by side
 * is the sum of a product with each, so a task's is made once for all chunks and a chunk's once for all tasks.
 */
function firstOfChunks(shape: HypernetworkShape, theta: readonly Tensor[], e: Tensor): Tensor {
  const [E, C] = [shape.embedding, chunkCount(shape)];
  const [R, width] = [e.shape[0] as number, shape.hidden[0]!];
  const chunkEmbeddings = theta[theta.length - 1]!;
  const [ofTask, ofChunk] = ops.split(theta[0]!, [E, chunkEmbeddings.shape[1] as number], 0);
  const tasks = ops.reshape(ops.gemm(e, ofTask), [R, 1, width]);
  const chunks = ops.reshape(ops.gemm(chunkEmbeddings, ofChunk, theta[1]), [1, C, width]);
  return ops.reshape(ops.add(tasks, chunks), [R * C, width]);
}

/** `h(e; Θ)`: embeddings `[R, E]` → generated weights `[R, P]`. */
export function hypernetwork(shape: HypernetworkShape, theta: readonly Tensor[], e: Tensor): Tensor {
  const h = hiddenOutput(shape, theta, e);
  const shards = layersFromParts(theta.slice(2 * shape.hidden.length));
  const out = ops.concat(shards.map(({ weight, bias }) => ops.gemm(h, weight, bias)));
  if (shape.chunks === undefined) return out;
  const columns = chunkCount(shape) * shape.chunks.size;
  return ops.slice(ops.reshape(out, [e.shape[0] as number, columns]), 0, weightCount(shape.target));
}

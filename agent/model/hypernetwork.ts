import type { Rng } from "../../sim/core/rng.js";
import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { type EmbeddingEncoding, encodedSize, encodeEmbeddings } from "./embedding-encoding.js";
import { type Activation, activate, layersFromParts, type MlpShape } from "./network.js";
import { type GeneratedPart, partsCount } from "./outputs/output-form.js";
import { type OutputChoice, outputForm } from "./outputs/outputs.js";
import { drawUniform, type ParameterSpec, xavierBound } from "./parameters.js";

/** How the last layer of a hypernetwork can start. */
export const INITS = ["xavier", "hyperfan", "base"] as const;

type HypernetworkInit = (typeof INITS)[number];

/** What the head's weights add to its bias at the start with `base`, against `hyperfan`. */
export const BASE_SCALE = 0.1;

export interface HypernetworkShape extends OutputChoice {
  /** E, size of a task embedding. */
  readonly embedding: number;
  readonly hidden: readonly number[];
  readonly activation: Activation;
  /**
   * `xavier` as published; `hyperfan` gives the generated weights the variance a plain network starts with. Forms of output other than
   * `full` start as `hyperfan` in place of `xavier`. `base`: the head's bias starts as a plain network, and what its weights add to that
   * a tenth as large as with `hyperfan`; what all tasks share is then one network from the start, see `drawStart`.
   */
  readonly init: HypernetworkInit;
  /** How embeddings are read; default `none`, as they are. */
  readonly encoding?: EmbeddingEncoding;
  /** The network whose weights are generated. */
  readonly target: MlpShape;
  /** Generate the numbers in chunks of equal size, by one small network; without it, all at once. */
  readonly chunks?: Chunks;
}

/**
 * Chunked hypernetwork (von Oswald, Henning, Sacramento & Grewe, "Continual learning with hypernetworks", ICLR
 * 2020, section 2.3 and appendix C): the generated numbers are cut into C chunks, and the same network generates
 * each of them from the task's embedding and a learned embedding of the chunk, which is part of Θ. Θ can then be
 * smaller than what it generates. What the last chunk has beyond Q is not used.
 */
interface Chunks {
  /** Numbers in a chunk. */
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
  let last = encodedSize(shape.embedding, shape.encoding) + (chunks?.embedding ?? 0);
  shape.hidden.forEach((out, i) => {
    specs.push({ name: `hidden.${i}.weight`, shape: [last, out], bound: xavierBound(last, out) });
    specs.push({ name: `hidden.${i}.bias`, shape: [1, out], bound: 0 });
    last = out;
  });
  const columns = chunks?.size ?? generatedCount(shape);
  shards(columns).forEach(({ start, end }, i) => {
    specs.push({ name: `head.${i}.weight`, shape: [last, end - start], bound: xavierBound(last, columns) });
    specs.push({ name: `head.${i}.bias`, shape: [1, end - start], bound: 0 });
  });
  if (chunks !== undefined) {
    specs.push({ name: "chunks", shape: [chunkCount(shape), chunks.embedding], bound: 0, std: 1 });
  }
  return specs;
}

/** Q, numbers generated for one network; see `OutputForm`. */
export function generatedCount(shape: OutputChoice & Pick<HypernetworkShape, "target">): number {
  return outputForm(shape).count;
}

/** C */
function chunkCount(shape: HypernetworkShape): number {
  return shape.chunks === undefined ? 1 : Math.ceil(generatedCount(shape) / shape.chunks.size);
}

/**
 * How to rescale the last layer so that the numbers generated for one embedding have, part by part, the variance that the form of
 * output says; of whole weights that is, layer by layer, the variance of a Xavier-initialised network, and zero biases. The aim of
 * "hyperfan" (Chang, Flokas & Lipson, "Principled Weight Initialization for Hypernetworks", 2020), reached by measuring what is
 * generated instead of by its expectation.
 * @param generated numbers `[Q]` that the unscaled hypernetwork generates
 * @returns the factor for each of the Q columns
 */
export function hyperfanScales(parts: readonly GeneratedPart[], generated: Float32Array): Float32Array {
  const scales = new Float32Array(generated.length);
  let at = 0;
  for (const { count, bound } of parts) {
    const end = at + count;
    if (bound > 0) {
      const power = generated.subarray(at, end).reduce((sum, w) => sum + w * w, 0) / count;
      scales.fill(Math.sqrt(bound ** 2 / 3 / power), at, end);
    }
    at = end;
  }
  return scales;
}

/** Numbers `[Q]` that a network may start with: those of a plain network where weights are generated as they are. */
export function drawStart(parts: readonly GeneratedPart[], rng: Rng): Float32Array {
  const out = new Float32Array(partsCount(parts));
  let at = 0;
  for (const { count, bound } of parts) {
    drawUniform(out.subarray(at, at + count), bound, rng);
    at += count;
  }
  return out;
}

/** Output of the hidden layers: embeddings `[R, E]` → `[R, hidden]`, or `[R · C, hidden]` with C chunks. */
export function hiddenOutput(shape: HypernetworkShape, theta: readonly Tensor[], e: Tensor): Tensor {
  const layers = layersFromParts(theta).slice(0, shape.hidden.length);
  return layers.reduce(
    (h, { weight, bias }, i) => {
      const y = i === 0 && shape.chunks ? firstOfChunks(shape, theta, h) : ops.gemm(h, weight, bias);
      return activate(shape.activation, y);
    },
    encodeEmbeddings(e, shape.encoding),
  );
}

/**
 * The first layer on every pair of task and chunk, `[R · C, hidden]`. Its product with two embeddings side by side
 * is the sum of a product with each, so a task's is made once for all chunks and a chunk's once for all tasks.
 */
function firstOfChunks(shape: HypernetworkShape, theta: readonly Tensor[], e: Tensor): Tensor {
  const C = chunkCount(shape);
  const width = shape.hidden[0]!;
  const [R, E] = e.shape as readonly [number, number];
  const chunkEmbeddings = theta[theta.length - 1]!;
  const [ofTask, ofChunk] = ops.split(theta[0]!, [E, chunkEmbeddings.shape[1] as number], 0);
  const tasks = ops.reshape(ops.gemm(e, ofTask), [R, 1, width]);
  const chunks = ops.reshape(ops.gemm(chunkEmbeddings, ofChunk, theta[1]), [1, C, width]);
  return ops.reshape(ops.add(tasks, chunks), [R * C, width]);
}

/** `h(e; Θ)`: embeddings `[R, E]` → generated numbers `[R, Q]`. */
export function hypernetwork(shape: HypernetworkShape, theta: readonly Tensor[], e: Tensor): Tensor {
  const h = hiddenOutput(shape, theta, e);
  const shards = layersFromParts(theta.slice(2 * shape.hidden.length));
  const out = ops.concat(shards.map(({ weight, bias }) => ops.gemm(h, weight, bias)));
  if (shape.chunks === undefined) return out;
  const columns = chunkCount(shape) * shape.chunks.size;
  return ops.slice(ops.reshape(out, [e.shape[0] as number, columns]), 0, generatedCount(shape));
}

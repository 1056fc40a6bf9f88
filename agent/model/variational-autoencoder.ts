import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { type Activation, layersFromParts, mlp } from "./network.js";
import { type ParameterSpec, xavierBound } from "./parameters.js";

/** Sizes of a variational autoencoder of inputs of labelled tasks. */
export interface AutoencoderShape {
  /** I, how many numbers an input has. */
  readonly inputs: number;
  /** Z, the size of the latent. */
  readonly latent: number;
  /** Width of the hidden layer of encoder and decoder. */
  readonly hidden: number;
  readonly activation: Activation;
}

/** Parameters of encoder or decoder: weight and bias of two layers. */
const NETWORK_PARTS = 4;
/** Of each task: what its label adds in the hidden layers of encoder and decoder. */
const LABEL_PARTS = 2;

/**
 * Parameters of an autoencoder of so many tasks. A label is a one-hot vector beside the input and beside the latent; the rows of the
 * first layers' weights that it picks are kept task by task, so that a task can be added.
 */
export function autoencoderParameters(
  { inputs, latent, hidden }: AutoencoderShape,
  tasks: number,
): ParameterSpec[] {
  const layers = (name: string, sizes: readonly [number, number, number]) =>
    [0, 1].flatMap((layer): ParameterSpec[] => {
      const [rows, columns] = layer === 0 ? [sizes[0], sizes[1]] : [sizes[1], sizes[2]];
      return [
        { name: `${name}.${layer}.weight`, shape: [rows, columns], bound: xavierBound(rows, columns) },
        { name: `${name}.${layer}.bias`, shape: [1, columns], bound: 0 },
      ];
    });
  const labels = Array.from({ length: tasks }, (_, j): ParameterSpec[] => [
    { name: `labels.${j}.encoder`, shape: [1, hidden], bound: xavierBound(inputs, hidden) },
    { name: `labels.${j}.decoder`, shape: [1, hidden], bound: xavierBound(latent, hidden) },
  ]);
  return [
    ...layers("generator.encoder", [inputs, hidden, 2 * latent]),
    ...layers("generator.decoder", [latent, hidden, inputs]),
    ...labels.flat(),
  ];
}

/** Number of an autoencoder's parameters. */
export function autoencoderCount(shape: AutoencoderShape, tasks: number): number {
  return autoencoderParameters(shape, tasks).reduce((n, { shape: [rows, columns] }) => n + rows * columns, 0);
}

/** An autoencoder's parameters in a graph, in the order of `autoencoderParameters`. */
export class Autoencoder {
  readonly #shape: AutoencoderShape;
  readonly #parts: readonly Tensor[];

  constructor(shape: AutoencoderShape, parts: readonly Tensor[]) {
    this.#shape = shape;
    this.#parts = parts;
  }

  /**
   * Mean μ and log-variance log σ² of the latent, both `[N, Z]`, of inputs `[N, I]`.
   * @param rows how many of them are of each task, task after task
   */
  encode(x: Tensor, rows: readonly number[]): readonly [mean: Tensor, logVariance: Tensor] {
    const { latent } = this.#shape;
    return ops.split(this.#network(0, x, rows), [latent, latent]);
  }

  /** Means `[N, I]` of the inputs that latents `[N, Z]` stand for. @param rows as for `encode` */
  decode(z: Tensor, rows: readonly number[]): Tensor {
    return this.#network(1, z, rows);
  }

  /** @param which 0: the encoder, 1: the decoder */
  #network(which: 0 | 1, x: Tensor, rows: readonly number[]): Tensor {
    const start = NETWORK_PARTS * which;
    const [weight, bias, ...last] = this.#parts.slice(start, start + NETWORK_PARTS) as [Tensor, Tensor];
    const labels = rows.map((_, j) => this.#parts[2 * NETWORK_PARTS + LABEL_PARTS * j + which]!);
    const biases = ops.gemm(oneHot(x, rows), ops.concat(labels, 0), bias);
    const [output] = layersFromParts(last);
    return mlp([{ weight, bias: biases }, output!], this.#shape.activation, x);
  }
}

/** The labels of rows of some tasks, task after task, `[N, K]`. */
function oneHot({ graph }: Tensor, rows: readonly number[]): Tensor {
  const tasks = rows.length;
  const count = rows.reduce((n, one) => n + one, 0);
  const labels = new Float32Array(count * tasks);
  let at = 0;
  for (const [j, one] of rows.entries()) {
    for (let i = 0; i < one; i++, at++) labels[at * tasks + j] = 1;
  }
  return graph.constant(labels, [count, tasks]);
}

/**
 * `KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + σ² - log σ² - 1)`, summed over rows and latent (Kingma & Welling 2014, appendix B).
 * @param mean μ, `[N, Z]`
 * @param logVariance log σ², `[N, Z]`
 */
export function klDivergence(mean: Tensor, logVariance: Tensor): Tensor {
  const terms = ops.sub(ops.add(ops.square(mean), ops.exp(logVariance)), ops.add(logVariance, 1));
  return ops.mul(ops.reduceSum(terms), 0.5);
}

/**
 * Loss of a variational autoencoder, summed over rows: `½ ‖x - x̂‖² + β KL`, with the latent `z = μ + σ ε` (Kingma & Welling 2014,
 * "Auto-Encoding Variational Bayes", section 2.4). It is β times the negative evidence bound of a decoder whose inputs have the variance
 * β around x̂, but for a constant; so `x̂ + √β ε'` with z from N(0, 1) is a draw of the model.
 * @param x `[N, I]`
 * @param rows how many of them are of each task, task after task
 * @param noise ε, `[N, Z]`
 */
export function autoencoderLoss(
  autoencoder: Autoencoder,
  x: Tensor,
  rows: readonly number[],
  noise: Tensor,
  klWeight: number,
): Tensor {
  const [mean, logVariance] = autoencoder.encode(x, rows);
  const z = ops.add(mean, ops.mul(ops.exp(ops.mul(logVariance, 0.5)), noise));
  const reconstruction = ops.mul(ops.sumOfSquares(ops.sub(x, autoencoder.decode(z, rows))), 0.5);
  return ops.add(reconstruction, ops.mul(klDivergence(mean, logVariance), klWeight));
}

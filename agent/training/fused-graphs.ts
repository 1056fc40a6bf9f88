import { gradients } from "../graph/gradients.js";
import { Graph, type Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { adamMoments, adamScalars, adamStep, clipScale } from "../model/adam.js";
import { networkFromFlat, weightCount } from "../model/dynamics.js";
import { type HypernetworkShape, hiddenOutput } from "../model/hypernetwork.js";
import type { ParameterGroup } from "../model/parameters.js";
import type { HiddenRow } from "./hidden-row.js";
import type { TrainerOptions } from "./hypernetwork-trainer.js";
import { minibatchInputs, taskLoss } from "./minibatches.js";

/** Outputs of the last hidden layer. */
export const hiddenSize = ({ hidden }: HypernetworkShape): number => hidden[hidden.length - 1];

/** Hypernetwork and where its hidden layers' parameters lie. */
export interface HiddenLayers {
  readonly shape: HypernetworkShape;
  readonly hidden: HiddenRow;
}

/** Hidden output `[R, hidden]` for the parameters in a row. */
export function hiddenOf({ shape, hidden }: HiddenLayers, row: Tensor, e: Tensor): Tensor {
  return hiddenOutput(shape, hidden.layers(row), e);
}

/** Hidden output with the bias row's 1 at its end, `[R, hidden + 1]`. */
export function withOne(h: Tensor): Tensor {
  const one = ops.add(ops.mul(ops.slice(h, 0, 1), 0), 1);
  return ops.concat([h, one]);
}

/** Hidden layers alone: embeddings `e [n, E]` → `h [n, hidden + 1]`. */
export function hiddenGraph(layers: HiddenLayers): Graph {
  const g = new Graph();
  const e = g.input("embedding", ["n", layers.shape.embedding]);
  g.output("h", withOne(hiddenOf(layers, layers.hidden.group.declare(g, false)[0], e)));
  return g;
}

/** The task loss of one minibatch and its gradient for the generated weights `[1, P]`. */
export function taskGraph({ shape, batchSize }: TrainerOptions): Graph {
  const g = new Graph();
  const data = minibatchInputs(g, shape.target, batchSize);
  const iteration = g.input("iteration", [], "int64");
  const weights = g.input("weights", [1, weightCount(shape.target)]);
  const loss = taskLoss(data, iteration, networkFromFlat(weights, shape.target), shape.target);
  const [d] = gradients(loss, [weights]);
  g.output("loss", loss);
  g.output("d", d);
  g.output("squares", ops.sumOfSquares(d));
  return g;
}

/** Inputs and first results that the look-ahead and the update share. */
function declareStep(g: Graph, layers: HiddenLayers, e: Tensor) {
  const size = hiddenSize(layers.shape);
  const [value, m, v] = layers.hidden.group.declare(g, true);
  const iteration = g.input("iteration", [], "int64");
  const scalars = adamScalars(g.input("adam.theta", ["trips", 2]), iteration);
  const dh = ops.slice(g.input("dh", [1, size + 1]), 0, size);
  const h = hiddenOf(layers, value, e);
  const [gradient, eGradient] = gradients(ops.reduceSum(ops.mul(h, dh)), [value, e]);
  const ahead = () => adamStep(value, adamMoments(gradient, { m, v }), scalars);
  return { value, moments: { m, v }, h, iteration, scalars, gradient, eGradient, ahead };
}

/** Hidden outputs `[R, hidden + 1]` of the regularised embeddings after the task's own step. */
export function lookAheadGraph(layers: HiddenLayers, regularized: number): Graph {
  const g = new Graph();
  const { embedding } = layers.shape;
  const e = g.input("embedding", [1, embedding]);
  const step = declareStep(g, layers, e);
  const earlier = g.input("earlier", [regularized, embedding]);
  g.output("ahead", withOne(hiddenOf(layers, step.ahead(), earlier)));
  return g;
}

/**
 * The step of hidden layers and embedding, the clip scale of the whole gradient, and what the head's update needs.
 * Inputs beside the parameters: `dh` and, with earlier tasks, `dhAhead`, the gradients for the hidden outputs;
 * `squares []`, the sum of squares of the head's gradient.
 */
export function updateGraph(
  layers: HiddenLayers,
  embedding: ParameterGroup,
  clipNorm: number,
  regularized: number,
): Graph {
  const { shape } = layers;
  const g = new Graph();
  const [e, eM, eV] = embedding.declare(g, true);
  const step = declareStep(g, layers, e);
  const embeddingScalars = adamScalars(g.input("adam.embedding", ["trips", 2]), step.iteration);
  let { gradient } = step;
  const outputs = [withOne(step.h)];
  if (regularized > 0) {
    const earlier = g.input("earlier", [regularized, shape.embedding]);
    const size = hiddenSize(shape);
    const dhAhead = ops.slice(g.input("dhAhead", [regularized, size + 1]), 0, size);
    const ahead = step.ahead();
    const h = hiddenOf(layers, ahead, earlier);
    [gradient] = gradients(ops.reduceSum(ops.mul(h, dhAhead)), [ahead], [gradient]);
    outputs.push(withOne(h));
  }
  const scale = clipScale([gradient], clipNorm, [g.input("squares", [])]);
  const moments = adamMoments(ops.mul(gradient, scale), step.moments);
  const value = adamStep(step.value, moments, step.scalars);
  const eClipped = ops.mul(step.eGradient, clipScale([step.eGradient], clipNorm));
  const eMoments = adamMoments(eClipped, { m: eM, v: eV });
  const eNext = adamStep(e, eMoments, embeddingScalars);
  const names = [...layers.hidden.group.entries(), ...embedding.entries()].map(({ name }) => `next.${name}`);
  [value, moments.m, moments.v, eNext, eMoments.m, eMoments.v].forEach((t, i) => {
    g.output(names[i], t);
  });
  g.output("scaled", ops.transpose(ops.mul(ops.concat(outputs, 0), scale), [1, 0]));
  g.output("h", withOne(hiddenOf(layers, value, eNext)));
  return g;
}

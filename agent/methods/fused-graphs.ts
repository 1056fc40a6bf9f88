import { adamMoments, adamScalars, adamStep, clipScale } from "../adam.js";
import { layersFromFlat, weightCount } from "../dynamics.js";
import { gradients } from "../graph/gradients.js";
import { Graph, type Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { type HypernetworkShape, hiddenOutput, hypernetworkParameters } from "../hypernetwork.js";
import { ParameterGroup, type ParameterSpec } from "../parameters.js";
import type { TrainerOptions } from "./hypernetwork-trainer.js";
import { minibatchInputs, taskLoss } from "./minibatches.js";

/** Outputs of the last hidden layer. */
export const hiddenSize = ({ hidden }: HypernetworkShape): number => hidden[hidden.length - 1];

/** The hidden layers' parameters as `ParameterSpec`s; see `hiddenGroup` for how they lie. */
export function hiddenSpecs(shape: HypernetworkShape): ParameterSpec[] {
  return hypernetworkParameters(shape).filter(({ name }) => name.startsWith("hidden."));
}

/**
 * Weights and biases of all hidden layers as one row: an optimiser step on it takes a quarter of the nodes, and with
 * tensors so small every node costs the same.
 */
export function hiddenGroup(shape: HypernetworkShape): ParameterGroup {
  const length = hiddenSpecs(shape).reduce((n, { shape: [rows, columns] }) => n + rows * columns, 0);
  return new ParameterGroup([{ name: "hidden", shape: [1, length], bound: 0 }]);
}

/** Weights and biases in turn, cut from the row. */
function layersOf(shape: HypernetworkShape, row: Tensor): Tensor[] {
  const specs = hiddenSpecs(shape);
  const parts = ops.split(
    row,
    specs.map(({ shape: [rows, columns] }) => rows * columns),
  );
  return parts.map((part, i) => (specs[i].shape[0] === 1 ? part : ops.reshape(part, specs[i].shape)));
}

/** Hidden output `[R, hidden]` for the parameters in a row. */
function hiddenOf(shape: HypernetworkShape, row: Tensor, e: Tensor): Tensor {
  return hiddenOutput(shape, layersOf(shape, row), e);
}

/** Hidden output with the bias row's 1 at its end, `[R, hidden + 1]`. */
function withOne(h: Tensor): Tensor {
  const one = ops.add(ops.mul(ops.slice(h, 0, 1), 0), 1);
  return ops.concat([h, one]);
}

/** Hidden layers alone: embedding `e [1, E]` → `h [1, hidden + 1]`. */
export function hiddenGraph(shape: HypernetworkShape, hidden: ParameterGroup): Graph {
  const g = new Graph();
  const e = g.input("embedding", [1, shape.embedding]);
  g.output("h", withOne(hiddenOf(shape, hidden.declare(g, false)[0], e)));
  return g;
}

/** The task loss of one minibatch and its gradient for the generated weights `[1, P]`. */
export function taskGraph({ shape, batchSize }: TrainerOptions): Graph {
  const g = new Graph();
  const data = minibatchInputs(g, shape.target, batchSize);
  const iteration = g.input("iteration", [], "int64");
  const weights = g.input("weights", [1, weightCount(shape.target)]);
  const loss = taskLoss(data, iteration, layersFromFlat(weights, shape.target), shape.target);
  const [d] = gradients(loss, [weights]);
  g.output("loss", loss);
  g.output("d", d);
  g.output("squares", ops.sumOfSquares(d));
  return g;
}

/** Inputs and first results that the look-ahead and the update share. */
function declareStep(g: Graph, shape: HypernetworkShape, hidden: ParameterGroup, e: Tensor) {
  const [value, m, v] = hidden.declare(g, true);
  const iteration = g.input("iteration", [], "int64");
  const scalars = adamScalars(g.input("adam.theta", ["trips", 2]), iteration);
  const dh = ops.slice(g.input("dh", [1, hiddenSize(shape) + 1]), 0, hiddenSize(shape));
  const h = hiddenOf(shape, value, e);
  const [gradient, eGradient] = gradients(ops.reduceSum(ops.mul(h, dh)), [value, e]);
  const ahead = () => adamStep(value, adamMoments(gradient, { m, v }), scalars);
  return { value, moments: { m, v }, h, iteration, scalars, gradient, eGradient, ahead };
}

/** Hidden outputs `[R, hidden + 1]` of the regularised embeddings after the task's own step. */
export function lookAheadGraph(shape: HypernetworkShape, hidden: ParameterGroup, regularized: number): Graph {
  const g = new Graph();
  const e = g.input("embedding", [1, shape.embedding]);
  const step = declareStep(g, shape, hidden, e);
  const earlier = g.input("earlier", [regularized, shape.embedding]);
  g.output("ahead", withOne(hiddenOf(shape, step.ahead(), earlier)));
  return g;
}

/**
 * The step of hidden layers and embedding, the clip scale of the whole gradient, and what the head's update needs.
 * Inputs beside the parameters: `dh` and, with earlier tasks, `dhAhead`, the gradients for the hidden outputs;
 * `squares []`, the sum of squares of the head's gradient.
 */
export function updateGraph(
  { shape, clipNorm }: TrainerOptions,
  hidden: ParameterGroup,
  embedding: ParameterGroup,
  regularized: number,
): Graph {
  const g = new Graph();
  const [e, eM, eV] = embedding.declare(g, true);
  const step = declareStep(g, shape, hidden, e);
  const embeddingScalars = adamScalars(g.input("adam.embedding", ["trips", 2]), step.iteration);
  let { gradient } = step;
  const outputs = [withOne(step.h)];
  if (regularized > 0) {
    const earlier = g.input("earlier", [regularized, shape.embedding]);
    const size = hiddenSize(shape);
    const dhAhead = ops.slice(g.input("dhAhead", [regularized, size + 1]), 0, size);
    const ahead = step.ahead();
    const h = hiddenOf(shape, ahead, earlier);
    [gradient] = gradients(ops.reduceSum(ops.mul(h, dhAhead)), [ahead], [gradient]);
    outputs.push(withOne(h));
  }
  const scale = clipScale([gradient], clipNorm, [g.input("squares", [])]);
  const moments = adamMoments(ops.mul(gradient, scale), step.moments);
  const value = adamStep(step.value, moments, step.scalars);
  const eClipped = ops.mul(step.eGradient, clipScale([step.eGradient], clipNorm));
  const eMoments = adamMoments(eClipped, { m: eM, v: eV });
  const eNext = adamStep(e, eMoments, embeddingScalars);
  const names = [...hidden.entries(), ...embedding.entries()].map(({ name }) => `next.${name}`);
  [value, moments.m, moments.v, eNext, eMoments.m, eMoments.v].forEach((t, i) => {
    g.output(names[i], t);
  });
  g.output("scaled", ops.transpose(ops.mul(ops.concat(outputs, 0), scale), [1, 0]));
  g.output("h", withOne(hiddenOf(shape, value, eNext)));
  return g;
}

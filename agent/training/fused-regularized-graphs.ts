import { gradients } from "../graph/gradients.js";
import { Graph, type Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { ADAM_SCALARS, adamLookAhead, adamScalars, adamUpdate, clipScale } from "../model/adam.js";
import { networkFromFlat, weightCount } from "../model/dynamics.js";
import type { ParameterGroup } from "../model/parameters.js";
import { type HiddenLayers, hiddenOf, hiddenSize, outputHidden, withOne } from "./fused-graphs.js";
import { minibatchInputs, normalizedMinibatch, predictionLoss } from "./minibatches.js";
import type { RegularizedTrainerOptions } from "./regularized-trainer.js";

/** The task loss of one minibatch and its gradient for the generated weights `[1, P]`. */
export function taskGraph({ shape: { target }, batchSize }: RegularizedTrainerOptions): Graph {
  const g = new Graph();
  const data = minibatchInputs(g, target, batchSize);
  const iteration = g.input("iteration", [], "int64");
  const weights = g.input("weights", [1, weightCount(target)]);
  const { x, y } = normalizedMinibatch(data, iteration);
  const taskLoss = predictionLoss(networkFromFlat(weights, target), target, x, y);
  const [d] = gradients(taskLoss, [weights]);
  g.output("taskLoss", taskLoss);
  g.output("d", d);
  g.output("squares", ops.sumOfSquares(d));
  return g;
}

/** Inputs and first results that the look-ahead and the update share. */
function declareStep(g: Graph, layers: HiddenLayers, e: Tensor) {
  const size = hiddenSize(layers.shape);
  const state = layers.hidden.group.declareState(g);
  const value = state.values[0]!;
  const moments = state.moments[0]!;
  const iteration = g.input("iteration", [], "int64");
  const scalars = adamScalars(g.input("adam.theta", ["iterations", ADAM_SCALARS]), iteration);
  const dh = ops.slice(g.input("dh", [1, size + 1]), 0, size);
  const h = hiddenOf(layers, value, e);
  const [gradient, eGradient] = gradients(ops.reduceSum(ops.mul(h, dh)), [value, e]);
  /** Where the task's own step would lead. */
  const lookAhead = () => adamLookAhead(value, gradient, moments, scalars);
  return { state, h, iteration, scalars, gradient, eGradient, lookAhead };
}

/** Hidden outputs `[R, hidden + 1]` of the regularised embeddings after the task's own step. */
export function lookAheadGraph(layers: HiddenLayers, regularized: number): Graph {
  const g = new Graph();
  const { embedding } = layers.shape;
  const e = g.input("embedding", [1, embedding]);
  const step = declareStep(g, layers, e);
  const earlier = g.input("earlier", [regularized, embedding]);
  g.output("ahead", withOne(hiddenOf(layers, step.lookAhead(), earlier)));
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
  const g = new Graph();
  const eState = embedding.declareState(g);
  const step = declareStep(g, layers, eState.values[0]!);
  const eScalars = adamScalars(g.input("adam.embedding", ["iterations", ADAM_SCALARS]), step.iteration);
  const { gradient, outputs } =
    regularized === 0
      ? { gradient: step.gradient, outputs: withOne(step.h) }
      : regularizedGradient(g, layers, step, regularized);
  const scale = clipScale([gradient], clipNorm, [g.input("squares", [])]);
  const next = adamUpdate(step.state, [gradient], scale, step.scalars);
  const eNext = adamUpdate(eState, [step.eGradient], clipScale([step.eGradient], clipNorm), eScalars);
  layers.hidden.group.outputState(g, next);
  embedding.outputState(g, eNext);
  outputHidden(g, outputs, scale, hiddenOf(layers, next.values[0]!, eNext.values[0]!));
  return g;
}

/** The gradient with the regulariser's, and the hidden outputs of the task and of the regularised embeddings. */
function regularizedGradient(
  g: Graph,
  layers: HiddenLayers,
  step: ReturnType<typeof declareStep>,
  regularized: number,
): { gradient: Tensor; outputs: Tensor } {
  const size = hiddenSize(layers.shape);
  const earlier = g.input("earlier", [regularized, layers.shape.embedding]);
  const dhAhead = ops.slice(g.input("dhAhead", [regularized, size + 1]), 0, size);
  const ahead = step.lookAhead();
  const h = hiddenOf(layers, ahead, earlier);
  const [gradient] = gradients(ops.reduceSum(ops.mul(h, dhAhead)), [ahead], [step.gradient]);
  return { gradient, outputs: ops.concat([withOne(step.h), withOne(h)], 0) };
}

import { gradients } from "../graph/gradients.js";
import { Graph, type Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { ADAM_SCALARS, adamLookAhead, adamScalars, adamUpdate, clipScale } from "../model/adam.js";
import { generatedCount } from "../model/hypernetwork.js";
import type { ParameterGroup } from "../model/parameters.js";
import { type HiddenLayers, hiddenOf, hiddenSize, outputHidden, withOne } from "./fused-graphs.js";
import { minibatchInputs, normalizedMinibatch } from "./minibatches.js";
import { membersLoss, type RegularizedTrainerOptions } from "./regularized-trainer.js";

/** Base networks in the graph of the task loss: as they are, or with a step of their own. */
export interface TaskBase {
  readonly group: ParameterGroup;
  readonly learns: boolean;
}

/**
 * The task loss of one minibatch and its gradient `d` for the generated numbers, both `[G, width]`; what is beyond the Q
 * numbers of a row has a gradient of 0. Also the products of the rows of d, `[G, G]`, and the step of a base that learns.
 */
export function taskGraph(options: RegularizedTrainerOptions, width: number, base?: TaskBase): Graph {
  const g = new Graph();
  const { shape, members, batchSize, clipNorm } = options;
  const Q = generatedCount(shape);
  const data = minibatchInputs(g, shape.target, members * batchSize);
  const iteration = g.input("iteration", [], "int64");
  const wide = g.input("generated", [members, width]);
  const generated = width === Q ? wide : ops.slice(wide, 0, Q);
  const [frozen] = base === undefined || base.learns ? [] : base.group.declare(g, false);
  const state = base?.learns ? base.group.declareState(g) : undefined;
  const network = { generated, base: state?.values[0] ?? frozen };
  const taskLoss = membersLoss(options, network, normalizedMinibatch(data, iteration));
  const [d, ...ofBase] = gradients(taskLoss, [wide, ...(state?.values ?? [])]) as [Tensor, ...Tensor[]];
  if (base !== undefined && state !== undefined) {
    const scalars = adamScalars(g.input("adam.base", ["iterations", ADAM_SCALARS]), iteration);
    base.group.outputState(g, adamUpdate(state, ofBase, clipScale(ofBase, clipNorm), scalars));
  }
  g.output("taskLoss", taskLoss);
  g.output("d", d);
  const products =
    members === 1
      ? ops.reshape(ops.sumOfSquares(d), [1, 1])
      : ops.gemm(d, d, undefined, { transposeB: true });
  g.output("products", products);
  return g;
}

/** Inputs and first results that the look-ahead and the update share. @param e the task's embeddings `[G, E]` */
function declareStep(g: Graph, layers: HiddenLayers, e: Tensor) {
  const size = hiddenSize(layers.shape);
  const state = layers.hidden.group.declareState(g);
  const value = state.values[0]!;
  const moments = state.moments[0]!;
  const iteration = g.input("iteration", [], "int64");
  const scalars = adamScalars(g.input("adam.theta", ["iterations", ADAM_SCALARS]), iteration);
  const dh = ops.slice(g.input("dh", [e.shape[0] as number, size + 1]), 0, size);
  const h = hiddenOf(layers, value, e);
  const [gradient, eGradient] = gradients(ops.reduceSum(ops.mul(h, dh)), [value, e]);
  /** Where the task's own step would lead. */
  const lookAhead = () => adamLookAhead(value, gradient, moments, scalars);
  return { state, h, iteration, scalars, gradient, eGradient, lookAhead };
}

/**
 * Hidden outputs `[R, hidden + 1]` of the regularised embeddings after the task's own step.
 * @param members G, embeddings of the task
 */
export function lookAheadGraph(layers: HiddenLayers, members: number, regularized: number): Graph {
  const g = new Graph();
  const { embedding } = layers.shape;
  const e = g.input("embedding", [members, embedding]);
  const step = declareStep(g, layers, e);
  const earlier = g.input("earlier", [regularized, embedding]);
  g.output("ahead", withOne(hiddenOf(layers, step.lookAhead(), earlier)));
  return g;
}

/**
 * The step of hidden layers and embeddings, the clip scale of the whole gradient, and what the head's update needs.
 * Inputs beside the parameters: `dh` and, with earlier tasks, `dhAhead`, the gradients for the hidden outputs;
 * `squares []`, the sum of squares of the head's gradient.
 * @param embedding the task's, `[G, E]`
 * @param regularized R, embeddings of earlier tasks
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

/** The gradient with the regulariser's, and the hidden outputs of the task's and of the regularised embeddings. */
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

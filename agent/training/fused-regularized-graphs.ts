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

/** The hidden layers' parameters and moments, and Adam's scalars for them. */
function declareHidden(g: Graph, layers: HiddenLayers) {
  const state = layers.hidden.group.declareState(g);
  const iteration = g.input("iteration", [], "int64");
  const scalars = adamScalars(g.input("adam.theta", ["iterations", ADAM_SCALARS]), iteration);
  return { state, value: state.values[0]!, moments: state.moments[0]!, iteration, scalars };
}

/** What the update needs of the task alone. */
interface TaskStep {
  /** The loss's gradient for the hidden layers' parameters `[1, n]`. */
  readonly gradient: Tensor;
  /** The same for the task's embeddings `[G, E]`. */
  readonly eGradient: Tensor;
  /** Hidden outputs of the task's embeddings `[G, hidden + 1]`. */
  readonly outputs: Tensor;
}

/** Computes the task's step from `dh`, the gradients for the hidden outputs. @param e the task's embeddings `[G, E]` */
function taskStep(g: Graph, layers: HiddenLayers, value: Tensor, e: Tensor): TaskStep {
  const size = hiddenSize(layers.shape);
  const dh = ops.slice(g.input("dh", [e.shape[0] as number, size + 1]), 0, size);
  const h = hiddenOf(layers, value, e);
  const [gradient, eGradient] = gradients(ops.reduceSum(ops.mul(h, dh)), [value, e]);
  return { gradient, eGradient, outputs: withOne(h) };
}

/** Numbers in each of the tensors that `lookAheadGraph` leaves for the update. @param members G, embeddings of the task */
function taskStepSizes({ shape, hidden }: HiddenLayers, members: number): [number, number, number, number] {
  const row = hidden.group.values(0).length;
  return [row, row, members * shape.embedding, members * (hiddenSize(shape) + 1)];
}

/** Numbers in `taskStep` of `lookAheadGraph`. @param members G, embeddings of the task */
export function taskStepLength(layers: HiddenLayers, members: number): number {
  return taskStepSizes(layers, members).reduce((sum, size) => sum + size);
}

/**
 * Hidden outputs `ahead [R, hidden + 1]` of the regularised embeddings after the task's own step. What they were made of, and the
 * update needs as well, is `taskStep`, one row because a call of the runtime takes longer with each tensor: the hidden layers after that
 * step, then `gradient`, `eGradient` and `outputs` of `TaskStep`.
 * @param members G, embeddings of the task
 */
export function lookAheadGraph(layers: HiddenLayers, members: number, regularized: number): Graph {
  const g = new Graph();
  const { embedding } = layers.shape;
  const e = g.input("embedding", [members, embedding]);
  const { value, moments, scalars } = declareHidden(g, layers);
  const { gradient, eGradient, outputs } = taskStep(g, layers, value, e);
  const ahead = adamLookAhead(value, gradient, moments, scalars);
  const earlier = g.input("earlier", [regularized, embedding]);
  g.output("ahead", withOne(hiddenOf(layers, ahead, earlier)));
  const [, , eLength, outputsLength] = taskStepSizes(layers, members);
  const rows = [
    ahead,
    gradient,
    ops.reshape(eGradient, [1, eLength]),
    ops.reshape(outputs, [1, outputsLength]),
  ];
  g.output("taskStep", ops.concat(rows));
  return g;
}

/**
 * The step of hidden layers and embeddings, the clip scale of the whole gradient, and what the head's update needs.
 * Inputs beside the parameters: `squares []`, the sum of squares of the head's gradient; without earlier tasks `dh`, the gradients
 * for the hidden outputs; with them `taskStep` of `lookAheadGraph`, and `dhAhead`, the gradients for `ahead`.
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
  const e = eState.values[0]!;
  const { state, value, iteration, scalars } = declareHidden(g, layers);
  const eScalars = adamScalars(g.input("adam.embedding", ["iterations", ADAM_SCALARS]), iteration);
  const { gradient, eGradient, outputs } =
    regularized === 0 ? taskStep(g, layers, value, e) : regularizedStep(g, layers, e, regularized);
  const scale = clipScale([gradient], clipNorm, [g.input("squares", [])]);
  const next = adamUpdate(state, [gradient], scale, scalars);
  const eNext = adamUpdate(eState, [eGradient], clipScale([eGradient], clipNorm), eScalars);
  layers.hidden.group.outputState(g, next);
  embedding.outputState(g, eNext);
  outputHidden(g, outputs, scale, hiddenOf(layers, next.values[0]!, eNext.values[0]!));
  return g;
}

/** The task's step with the regulariser's gradient added, and the hidden outputs of the regularised embeddings below the task's. */
function regularizedStep(g: Graph, layers: HiddenLayers, e: Tensor, regularized: number): TaskStep {
  const size = hiddenSize(layers.shape);
  const [members, embedding] = e.shape as [number, number];
  const sizes = taskStepSizes(layers, members);
  const step = g.input("taskStep", [1, taskStepLength(layers, members)]);
  const [ahead, taskGradient, eGradient, outputs] = ops.split(step, sizes);
  const earlier = g.input("earlier", [regularized, embedding]);
  const dhAhead = ops.slice(g.input("dhAhead", [regularized, size + 1]), 0, size);
  const h = hiddenOf(layers, ahead, earlier);
  const [gradient] = gradients(ops.reduceSum(ops.mul(h, dhAhead)), [ahead], [taskGradient]);
  return {
    gradient,
    eGradient: ops.reshape(eGradient, [members, embedding]),
    outputs: ops.concat([ops.reshape(outputs, [members, size + 1]), withOne(h)], 0),
  };
}

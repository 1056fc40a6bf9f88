import { gradients } from "../graph/gradients.js";
import { Graph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { ADAM_SCALARS, adamScalars, adamUpdate, clipScale } from "../model/adam.js";
import { generatedCount } from "../model/hypernetwork.js";
import type { ParameterGroup } from "../model/parameters.js";
import { type HiddenLayers, hiddenOf, hiddenSize, outputHidden, withOne } from "./fused-graphs.js";
import { minibatchInputs, normalizedMinibatch } from "./minibatches.js";
import {
  type MinibatchTasks,
  type RehearsingTrainerOptions,
  rehearsalLosses,
  rehearsedInputs,
} from "./rehearsing-trainer.js";

/**
 * The losses of one minibatch of T tasks and their gradients `d` for the generated numbers, `[T, padded]` as
 * the kernel keeps both; what pads has a gradient of 0.
 */
export function lossesGraph(options: RehearsingTrainerOptions, tasks: MinibatchTasks, padded: number): Graph {
  const g = new Graph();
  const { target } = options.shape;
  const data = minibatchInputs(g, target, options.batchSize);
  const stored = rehearsedInputs(g, options, tasks);
  const iteration = g.input("iteration", [], "int64");
  const wide = g.input("generated", [tasks.begun, padded]);
  const generated = ops.slice(wide, 0, generatedCount(options.shape));
  const current = normalizedMinibatch(data, iteration);
  const { taskLoss, added, total } = rehearsalLosses(options, tasks, generated, current, stored);
  const [d] = gradients(total, [wide]);
  g.output("taskLoss", taskLoss);
  g.output("added", added);
  g.output("d", d);
  g.output("gram", ops.gemm(d, d, undefined, { transposeB: true }));
  return g;
}

/**
 * The step of hidden layers and embeddings, and what the head's update needs. Input beside the parameters: `dh`, the
 * gradients for the hidden outputs, and `gram`, the products of the gradients for the generated weights: the head's
 * gradient is Σ_j h_j ⊗ d_j, and its square Σ_{s,t} (h_s · h_t)(d_s · d_t).
 */
export function updateGraph(layers: HiddenLayers, embeddings: ParameterGroup, clipNorm: number): Graph {
  const g = new Graph();
  const state = layers.hidden.group.declareState(g);
  const eState = embeddings.declareState(g);
  const value = state.values[0]!;
  const e = eState.values[0]!;
  const tasks = e.shape[0] as number;
  const size = hiddenSize(layers.shape);
  const schedule = g.input("adam.theta", ["iterations", ADAM_SCALARS]);
  const scalars = adamScalars(schedule, g.input("iteration", [], "int64"));
  const dh = ops.slice(g.input("dh", [tasks, size + 1]), 0, size);
  const h = hiddenOf(layers, value, e);
  const [gradient, eGradient] = gradients(ops.reduceSum(ops.mul(h, dh)), [value, e]);
  const outputs = withOne(h);
  const products = ops.gemm(outputs, outputs, undefined, { transposeB: true });
  const squares = ops.reduceSum(ops.mul(products, g.input("gram", [tasks, tasks])));
  const scale = clipScale([gradient, eGradient], clipNorm, [squares]);
  const next = adamUpdate(state, [gradient], scale, scalars);
  const eNext = adamUpdate(eState, [eGradient], scale, scalars);
  layers.hidden.group.outputState(g, next);
  embeddings.outputState(g, eNext);
  outputHidden(g, outputs, scale, hiddenOf(layers, next.values[0]!, eNext.values[0]!));
  return g;
}

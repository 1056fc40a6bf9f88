import { gradients } from "../graph/gradients.js";
import { Graph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { adamMoments, adamScalars, adamStep, clipScale } from "../model/adam.js";
import { weightCount } from "../model/dynamics.js";
import type { ParameterGroup } from "../model/parameters.js";
import { type HiddenLayers, hiddenOf, hiddenSize, withOne } from "./fused-graphs.js";
import { minibatchInputs, normalizedMinibatch } from "./minibatches.js";
import { type RehearsingTrainerOptions, rehearsalLosses, rehearsedInputs } from "./rehearsing-trainer.js";

/**
 * The losses of one minibatch of `tasks` tasks and their gradients `d` for the generated weights, `[tasks, padded]` as
 * the kernel keeps both; what pads has a gradient of 0.
 */
export function lossesGraph(options: RehearsingTrainerOptions, tasks: number, padded: number): Graph {
  const g = new Graph();
  const data = minibatchInputs(g, options.dynamics, options.batchSize);
  const stored = rehearsedInputs(g, options, tasks - 1);
  const iteration = g.input("iteration", [], "int64");
  const generated = g.input("weights", [tasks, padded]);
  const weights = ops.slice(generated, 0, weightCount(options.dynamics));
  const own = { ...normalizedMinibatch(data, iteration), iteration };
  const { taskLoss, added, total } = rehearsalLosses(options, weights, own, stored);
  const [d] = gradients(total, [generated]);
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
export function rehearsedUpdateGraph(
  layers: HiddenLayers,
  embeddings: ParameterGroup,
  clipNorm: number,
): Graph {
  const g = new Graph();
  const [value, m, v] = layers.hidden.group.declare(g, true);
  const [e, eM, eV] = embeddings.declare(g, true);
  const [T, size] = [e.shape[0] as number, hiddenSize(layers.shape)];
  const scalars = adamScalars(g.input("adam.theta", ["trips", 2]), g.input("iteration", [], "int64"));
  const dh = ops.slice(g.input("dh", [T, size + 1]), 0, size);
  const h = hiddenOf(layers, value, e);
  const [gradient, eGradient] = gradients(ops.reduceSum(ops.mul(h, dh)), [value, e]);
  const outputs = withOne(h);
  const products = ops.gemm(outputs, outputs, undefined, { transposeB: true });
  const squares = ops.reduceSum(ops.mul(products, g.input("gram", [T, T])));
  const scale = clipScale([gradient, eGradient], clipNorm, [squares]);
  const moments = adamMoments(ops.mul(gradient, scale), { m, v });
  const eMoments = adamMoments(ops.mul(eGradient, scale), { m: eM, v: eV });
  const [next, eNext] = [adamStep(value, moments, scalars), adamStep(e, eMoments, scalars)];
  const names = [...layers.hidden.group.entries(), ...embeddings.entries()].map(({ name }) => `next.${name}`);
  [next, moments.m, moments.v, eNext, eMoments.m, eMoments.v].forEach((t, i) => {
    g.output(names[i], t);
  });
  g.output("scaled", ops.transpose(ops.mul(outputs, scale), [1, 0]));
  g.output("h", withOne(hiddenOf(layers, next, eNext)));
  return g;
}

import { type Dimension, Graph, type Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArrays, type Feeds, tensor } from "../graph/session.js";
import { columnLayers, mlpColumns } from "../model/column-layers.js";
import { foldNormalizer, normalizerInputs } from "../model/dynamics.js";
import { encodeFeatures } from "../model/features.js";
import type { StateSpec } from "../model/model-state.js";
import {
  inputSize,
  layerSizes,
  type MlpShape,
  meanLayers,
  networkFromFlat,
  targetSize,
  weightCount,
} from "../model/network.js";
import { inputOffset, type NormalizerArrays } from "../model/normalizer.js";
import type { Precision } from "../model/precision.js";
import { applyChange, changeKinds } from "../model/state-change.js";
import { foldQuantized, type NetworkInput, quantizedNetwork } from "./quantized-layers.js";
import { type Costed, costsIn, joinSteps } from "./rollout-costs.js";

/** Names of the planner graph's inputs for layer `i`. */
export const layerNames = (i: number) => ({ weight: `layer.${i}.weight`, bias: `layer.${i}.bias` });

/**
 * Turns flat weights `[1, P]` and a normaliser into what the planner's graph takes: per layer, weights `[out, in]`
 * and biases `[out, 1]` with the normaliser folded in, of the mean alone. Done once per new weights, not once per
 * plan.
 * @param precision with int8 also what is planned with in int8
 */
export function foldGraph(shape: MlpShape, precision: Precision = "float32"): Graph {
  const g = new Graph();
  const weights = g.input("weights", [1, weightCount(shape)]);
  const normalizer = normalizerInputs(g, inputSize(shape), targetSize(shape));
  const layers = meanLayers(networkFromFlat(weights, shape), shape);
  const folded = foldNormalizer(layers, normalizer);
  folded.forEach(({ weight, bias }, i) => {
    const names = layerNames(i);
    g.output(names.weight, ops.transpose(weight, [1, 0]));
    g.output(names.bias, ops.reshape(bias, [bias.shape[1] as number, 1]));
  });
  if (precision === "int8") foldQuantized(g, folded, shape);
  return g;
}

/** Inputs of `foldGraph`, copied, for inputs from which their `inputOffset` has been taken. */
export function foldFeeds(weights: Float32Array, normalizer: NormalizerArrays): Feeds {
  const offset = inputOffset(normalizer);
  const inputMean = normalizer.inputMean.map((mean, i) => mean - (offset?.[i] ?? 0));
  const arrays = { weights, ...normalizer, inputMean };
  const names = ["weights", "inputMean", "inputScale", "targetMean", "targetStd"] as const;
  const copies = alignedArrays(names.map((name) => arrays[name].length));
  const feeds = names.map((name, i) => {
    copies[i]!.set(arrays[name]);
    const size = arrays[name].length;
    return [name, tensor(copies[i]!, name.startsWith("input") ? [size, 1] : [1, size])] as const;
  });
  return Object.fromEntries(feeds);
}

/** The layers of `foldGraph`, in a graph: from what the network reads `[I, N]` to the change that it predicts `[X, N]`. */
type PredictChange = (input: Tensor) => Tensor;

/**
 * Observations `[X, N]` after actions `u [U, N]` in states `s [S, N]`.
 * @param offset the network's `inputOffset [I, 1]`, if it has one
 */
export function nextObservations(
  states: StateSpec,
  predict: PredictChange,
  s: Tensor,
  u: Tensor,
  offset: Tensor | undefined,
): Tensor {
  const whole = ops.concat([encodeFeatures(states.spec, s, 0), u], 0);
  const input = offset === undefined ? whole : ops.sub(whole, offset);
  return applyChange(changeKinds(states.taskSpec), states.observations(s), predict(input));
}

/** The input of a planner's graph that holds the network's `inputOffset`. */
export const OFFSET = "inputOffset";

/** A network as planning uses it. */
export interface PlannedNetwork {
  /** Of the mean. */
  readonly shape: MlpShape;
  /** Whether an `inputOffset` is taken from what the network reads: a graph without is quicker. */
  readonly shifted: boolean;
  /** Of the layers between hidden layers; default float32. */
  readonly precision?: Precision;
}

/** The inputs of a planner's graph that hold the network: the layers of `foldGraph`, and its offset if it has one. */
export function networkInputs({ shape, shifted }: PlannedNetwork): NetworkInput[] {
  const layers = layerSizes(shape).flatMap(([size, out], i) => [
    { name: layerNames(i).weight, shape: [out, size] },
    { name: layerNames(i).bias, shape: [out, 1] },
  ]);
  return shifted ? [...layers, { name: OFFSET, shape: [inputSize(shape), 1] }] : layers;
}

/** The same inputs in a graph. */
function networkIn(
  g: Graph,
  { shape, shifted, precision }: PlannedNetwork,
): { readonly predict: PredictChange; readonly offset: Tensor | undefined } {
  const whole = layerSizes(shape).map(([size, out], i) => ({
    weight: g.input(layerNames(i).weight, [out, size]),
    bias: g.input(layerNames(i).bias, [out, 1]),
  }));
  const offset = shifted ? g.input(OFFSET, [inputSize(shape), 1]) : undefined;
  if (precision === "int8") return { predict: quantizedNetwork(g, whole, shape), offset };
  const layers = columnLayers(whole, shape);
  return { predict: (x) => mlpColumns(layers, shape.activation, x), offset };
}

interface Unrolled {
  readonly graph: Graph;
  /** Actions of each step, `[U, N]`. */
  readonly us: readonly Tensor[];
  /** The first observation and those after 1 … H steps, `[X, N]` each. */
  readonly xs: readonly Tensor[];
}

/**
 * Rolls N action sequences out H steps through the dynamics network, unrolled. Features come first (`[X, N]`): slicing
 * and summing features then walk memory in order, which is worth a quarter of the planning time.
 * Inputs: the first state `x0 [1, S]`, `actions [H·U, N]` and those of `networkInputs`.
 * @param samples N, where it is known: the gradient needs that
 */
function unroll(states: StateSpec, network: PlannedNetwork, horizon: number, samples: Dimension): Unrolled {
  const [S, U] = [states.size, states.taskSpec.action.length];
  const g = new Graph();
  const x0 = g.input("x0", [1, S]);
  const actions = g.input("actions", [horizon * U, samples]);
  const { predict, offset } = networkIn(g, network);
  const us = ops.split(actions, new Array<number>(horizon).fill(U), 0);
  // The first state is one column; adding zero times an action row spreads it over N columns.
  let s = ops.add(ops.reshape(x0, [S, 1]), ops.mul(ops.slice(us[0]!, 0, 1, 0), 0));
  const xs = [states.observations(s)];
  for (const u of us) {
    const x = nextObservations(states, predict, s, u, offset);
    xs.push(x);
    s = states.nextStates(s, x);
  }
  return { graph: g, us, xs };
}

/**
 * Builds the planner's graph, see `unroll`, with the task's own reward, see `costsIn`. Output: `costs [N]`.
 * @param samples N, where it is known: the gradient needs that
 */
export function rolloutGraph(
  states: StateSpec,
  costed: Costed,
  network: PlannedNetwork,
  samples: Dimension = "N",
): Graph {
  const { graph: g, us, xs } = unroll(states, network, costed.horizon, samples);
  const all = (parts: readonly Tensor[]) => ({
    all: joinSteps(parts),
    first: () => joinSteps(parts.map(() => parts[0]!)),
  });
  const steps = { observation: all(xs.slice(0, -1)), action: all(us), nextObservation: all(xs.slice(1)) };
  g.output("costs", costsIn(g, costed, steps));
  return g;
}

/** The same rollout with the observations as output, `observations [H, X, N]`. */
export function observationsGraph(states: StateSpec, network: PlannedNetwork, horizon: number): Graph {
  const { graph: g, xs } = unroll(states, network, horizon, "N");
  const X = states.observationSize;
  const rows = xs.slice(1).map((x) => ops.reshape(x, [1, X, -1]));
  g.output("observations", ops.concat(rows, 0));
  return g;
}

/** One step from N states: inputs `states [S, N]`, `actions [U, N]` and those of `networkInputs`, output `next [S, N]`. */
export function stepGraph(states: StateSpec, network: PlannedNetwork): Graph {
  const g = new Graph();
  const s = g.input("states", [states.size, "N"]);
  const u = g.input("actions", [states.taskSpec.action.length, "N"]);
  const { predict, offset } = networkIn(g, network);
  const x = nextObservations(states, predict, s, u, offset);
  g.output("next", states.nextStates(s, x));
  return g;
}

import type { Rng } from "../../sim/core/rng.js";
import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import {
  type Activation,
  activate,
  layersFromParts,
  type MlpShape,
  mlp,
  networkFromParts,
  parameterShapes,
} from "../model/network.js";
import { type ParameterGroup, type ParameterSpec, xavierBound } from "../model/parameters.js";
import { predictionLoss } from "./minibatches.js";

/** Parameters of a plain network: Xavier-uniform weights, zero biases and bounds. */
export function networkParameters(dynamics: MlpShape): ParameterSpec[] {
  const layers = dynamics.sizes.length - 1;
  return parameterShapes(dynamics).map((shape, i) => {
    const layer = Math.floor(i / 2);
    if (layer === layers) return { name: "bounds", shape, bound: 0 };
    if (i % 2 === 1) return { name: `layer.${layer}.bias`, shape, bound: 0 };
    return { name: `layer.${layer}.weight`, shape, bound: xavierBound(...shape) };
  });
}

/** Parameters before a task's head: weight and bias of each hidden layer. */
export function bodyParts({ sizes }: MlpShape): number {
  return 2 * (sizes.length - 2);
}

/** Draws a network as `ParameterGroup.initialize` does, but leaves its first `kept` parameters as they are. */
export function initializeAfter(kept: number, network: ParameterGroup, rng: Rng): void {
  const before = network.specs.slice(0, kept).map((_, i) => network.values(i).slice());
  network.initialize(rng);
  before.forEach((values, i) => {
    network.values(i).set(values);
  });
}

/** Sets the parameters of a network after its first `kept` ones to values from before, one after another, with a fresh optimiser. */
export function goOnAfter(kept: number, network: ParameterGroup, from: Float32Array): void {
  let at = 0;
  for (let i = kept; i < network.specs.length; i++) {
    const values = network.values(i);
    values.set(from.subarray(at, at + values.length));
    at += values.length;
  }
  network.clearMoments();
}

/** Output of the last hidden layer: `x [B, I]` → `[B, n]`. */
export function bodyFeatures(body: readonly Tensor[], activation: Activation, x: Tensor): Tensor {
  return activate(activation, mlp(layersFromParts(body), activation, x));
}

/**
 * Loss of predicting `y [B, X]` from features `[B, n]`; see `predictionLoss`.
 * @param head weight and bias of the output layer and, with two heads, the bounds of the log-variance
 */
export function headLoss(head: readonly Tensor[], shape: MlpShape, features: Tensor, y: Tensor): Tensor {
  return predictionLoss(networkFromParts(head), shape, features, y);
}

/** Matrices one after another, row-major, `[1, n]`. */
export function flatParameters(parts: readonly Tensor[]): Tensor {
  const size = ({ shape }: Tensor) => (shape as readonly number[]).reduce((n, d) => n * d, 1);
  return ops.concat(parts.map((t) => ops.reshape(t, [1, size(t)])));
}

/** The values of parameters `start` to `end` of a group, one after another. */
export function flatValues(group: ParameterGroup, start = 0, end = group.specs.length): Float32Array {
  return joined(group.specs.slice(start, end).map((_, i) => group.values(start + i)));
}

/** Arrays one after another. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
  let start = 0;
  for (const part of parts) {
    out.set(part, start);
    start += part.length;
  }
  return out;
}

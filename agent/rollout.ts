import type { Task } from "../sim/task.js";
import {
  encodeFeatures,
  foldNormalizer,
  layersFromFlat,
  type MlpShape,
  mlpColumns,
  normalizerInputs,
  weightCount,
} from "./dynamics.js";
import { Graph, type Tensor } from "./graph/graph.js";
import * as ops from "./graph/operations.js";
import { alignedArray, alignedArrays, type Feeds, Session, tensor } from "./graph/session.js";
import type { NormalizerArrays } from "./normalizer.js";

/**
 * Builds the planner's graph: N action sequences rolled out H steps through the dynamics network, unrolled, with
 * the task's own reward. Inside, features come first (`[X, N]`): slicing and summing features then walk memory in
 * order, which is worth a quarter of the planning time.
 * Inputs: `x0 [1, X]`, `actions [H, N, U]`, `weights [1, P]` and the normaliser; outputs: `costs [N]`, the
 * negative sum of rewards, and `final [X, N]`.
 */
export function rolloutGraph(task: Task, shape: MlpShape, horizon: number): Graph {
  const { spec } = task;
  const [X, U] = [spec.observation.length, spec.action.length];
  const g = new Graph();
  const x0 = g.input("x0", [1, X]);
  const actions = g.input("actions", [horizon, "N", U]);
  const weights = g.input("weights", [1, weightCount(shape)]);
  const normalizer = normalizerInputs(g, shape.sizes[0], X);
  const layers = foldNormalizer(layersFromFlat(weights, shape), normalizer).map(({ weight, bias }) => ({
    weight: ops.transpose(weight, [1, 0]),
    bias: ops.reshape(bias, [bias.shape[1] as number, 1]),
  }));
  const steps = ops.transpose(actions, [0, 2, 1]);
  const xs: Tensor[] = [];
  for (let h = 0; h < horizon; h++) {
    const u = ops.gather(steps, g.integers([h], []));
    // The first observation is one column; adding zero times an action row spreads it over N columns.
    if (h === 0) xs.push(ops.add(ops.reshape(x0, [X, 1]), ops.mul(ops.slice(u, 0, 1, 0), 0)));
    const x = xs[h];
    const input = ops.concat([encodeFeatures(spec, x, 0), u], 0);
    xs.push(ops.add(x, mlpColumns(layers, shape.activation, input)));
  }
  const reward = task.reward(ops.graphOps(g, 0), {
    observation: joinSteps(xs.slice(0, -1)),
    action: ops.reshape(ops.transpose(actions, [2, 0, 1]), [U, -1]),
    nextObservation: joinSteps(xs.slice(1)),
  });
  g.output("costs", ops.neg(ops.reduceSum(ops.reshape(reward, [horizon, -1]), [0])));
  g.output("final", xs[horizon]);
  return g;
}

/** H matrices `[X, N]` side by side, `[X, H · N]`. */
function joinSteps(parts: readonly Tensor[]): Tensor {
  return parts[0].graph.apply("Concat", parts, [{ shape: [parts[0].shape[0], "HN"] }], { axis: 1 })[0];
}

/** Evaluates action sequences through one task's model; see `rolloutGraph`. */
export class RolloutModel {
  readonly #session: Session;
  readonly #horizon: number;
  readonly #feeds: Record<string, ReturnType<typeof tensor>>;
  readonly #arrays: Readonly<Record<"x0" | "weights" | keyof NormalizerArrays, Float32Array>>;
  readonly #sizes: { readonly X: number; readonly U: number };
  #capacity = 0;
  #actions: Float32Array = new Float32Array(0);
  #costs: Float32Array = new Float32Array(0);
  #final: Float32Array = new Float32Array(0);
  #samples = 0;

  private constructor(session: Session, task: Task, shape: MlpShape, horizon: number) {
    this.#session = session;
    this.#horizon = horizon;
    const X = task.spec.observation.length;
    const U = task.spec.action.length;
    this.#sizes = { X, U };
    const [P, I] = [weightCount(shape), shape.sizes[0]];
    const [x0, weights, inputMean, inputScale, targetMean, targetStd] = alignedArrays([X, P, I, I, X, X]);
    this.#arrays = { x0, weights, inputMean, inputScale, targetMean, targetStd };
    this.#feeds = {
      x0: tensor(x0, [1, X]),
      weights: tensor(weights, [1, P]),
      inputMean: tensor(inputMean, [I, 1]),
      inputScale: tensor(inputScale, [I, 1]),
      targetMean: tensor(targetMean, [1, X]),
      targetStd: tensor(targetStd, [1, X]),
    };
  }

  /** @param threads intra-op threads of the runtime */
  static async create(task: Task, shape: MlpShape, horizon: number, threads = 1): Promise<RolloutModel> {
    const session = await Session.create(rolloutGraph(task, shape, horizon), threads);
    return new RolloutModel(session, task, shape, horizon);
  }

  /** Copies in the weights `[P]` and the normaliser to plan with. */
  load(weights: Float32Array, normalizer: NormalizerArrays): void {
    this.#arrays.weights.set(weights);
    for (const key of ["inputMean", "inputScale", "targetMean", "targetStd"] as const) {
      this.#arrays[key].set(normalizer[key]);
    }
  }

  /**
   * Costs `[N]` of actions `[H, N, U]` from an observation `[X]`; the result is valid until the next call.
   */
  async costs(observation: Float32Array, actions: Float32Array, samples: number): Promise<Float32Array> {
    const { X, U } = this.#sizes;
    this.#reserve(samples);
    this.#samples = samples;
    this.#arrays.x0.set(observation);
    const used = this.#actions.subarray(0, this.#horizon * samples * U);
    used.set(actions.subarray(0, used.length));
    const costs = this.#costs.subarray(0, samples);
    const results: Feeds = {
      costs: tensor(costs, [samples]),
      final: tensor(this.#final.subarray(0, samples * X), [X, samples]),
    };
    await this.#session.run({ ...this.#feeds, actions: tensor(used, [this.#horizon, samples, U]) }, results);
    return costs;
  }

  /** Final observations `[X, N]` of the last call to `costs`. */
  get finalObservations(): Float32Array {
    return this.#final.subarray(0, this.#sizes.X * this.#samples);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #reserve(samples: number): void {
    if (samples <= this.#capacity) return;
    const { X, U } = this.#sizes;
    this.#capacity = samples;
    this.#actions = alignedArray(this.#horizon * samples * U);
    this.#costs = alignedArray(samples);
    this.#final = alignedArray(samples * X);
  }
}

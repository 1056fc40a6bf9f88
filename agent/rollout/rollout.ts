import type { CostGradient } from "../../planners/types.js";
import { hasSimd } from "../../sim/core/wasm.js";
import type { Task } from "../../sim/task.js";
import { encodeModel } from "../graph/encode.js";
import { type Dimension, Graph, type Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArrays, type Feeds, Session, tensor } from "../graph/session.js";
import {
  type ColumnLayer,
  columnLayers,
  encodeFeatures,
  foldNormalizer,
  inputSize,
  layerSizes,
  type MlpShape,
  meanLayers,
  meanShape,
  mlpColumns,
  networkFromFlat,
  normalizerInputs,
  targetSize,
  weightCount,
} from "../model/dynamics.js";
import { StateSpec } from "../model/model-state.js";
import { inputOffset, type NormalizerArrays } from "../model/normalizer.js";
import { applyChange, changeKinds } from "../model/state-change.js";
import { RolloutColumns, type RolloutLayout } from "./columns.js";
import { GraphGradient } from "./graph-gradient.js";
import { KernelGradient } from "./kernel-gradient.js";
import type { PlanningThreads, SharedRollout } from "./planning-threads.js";
import { type Costed, costsIn, joinSteps, REST } from "./rollout-costs.js";
import type { RolloutGradient } from "./rollout-gradient.js";
import { RolloutObservations } from "./rollout-observations.js";
import { RolloutSteps } from "./rollout-steps.js";

/** Names of the planner graph's inputs for layer `i`. */
export const layerNames = (i: number) => ({ weight: `layer.${i}.weight`, bias: `layer.${i}.bias` });

/**
 * Turns flat weights `[1, P]` and a normaliser into what the planner's graph takes: per layer, weights `[out, in]`
 * and biases `[out, 1]` with the normaliser folded in, of the mean alone. Done once per new weights, not once per
 * plan.
 */
export function foldGraph(shape: MlpShape): Graph {
  const g = new Graph();
  const weights = g.input("weights", [1, weightCount(shape)]);
  const normalizer = normalizerInputs(g, inputSize(shape), targetSize(shape));
  const layers = meanLayers(networkFromFlat(weights, shape), shape);
  foldNormalizer(layers, normalizer).forEach(({ weight, bias }, i) => {
    const names = layerNames(i);
    g.output(names.weight, ops.transpose(weight, [1, 0]));
    g.output(names.bias, ops.reshape(bias, [bias.shape[1] as number, 1]));
  });
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

/**
 * Observations `[X, N]` after actions `u [U, N]` in states `s [S, N]`, through the layers of `foldGraph`, whole or in blocks.
 * @param offset the network's `inputOffset [I, 1]`, if it has one
 */
export function nextObservations(
  states: StateSpec,
  layers: readonly ColumnLayer[],
  activation: MlpShape["activation"],
  s: Tensor,
  u: Tensor,
  offset: Tensor | undefined,
): Tensor {
  const whole = ops.concat([encodeFeatures(states.spec, s, 0), u], 0);
  const input = offset === undefined ? whole : ops.sub(whole, offset);
  const change = mlpColumns(layers, activation, input);
  return applyChange(changeKinds(states.taskSpec), states.observations(s), change);
}

/** The input of a planner's graph that holds the network's `inputOffset`. */
const OFFSET = "inputOffset";

/** A network as planning uses it. */
interface PlannedNetwork {
  /** Of the mean. */
  readonly shape: MlpShape;
  /** Whether an `inputOffset` is taken from what the network reads: a graph without is quicker. */
  readonly shifted: boolean;
}

/** The inputs of a planner's graph that hold the network: the layers of `foldGraph`, and its offset if it has one. */
function networkInputs({ shape, shifted }: PlannedNetwork): RolloutLayout["layers"] {
  const layers = layerSizes(shape).flatMap(([size, out], i) => [
    { name: layerNames(i).weight, shape: [out, size] },
    { name: layerNames(i).bias, shape: [out, 1] },
  ]);
  return shifted ? [...layers, { name: OFFSET, shape: [inputSize(shape), 1] }] : layers;
}

/** The same inputs in a graph. */
function networkIn(g: Graph, { shape, shifted }: PlannedNetwork) {
  const whole = layerSizes(shape).map(([size, out], i) => ({
    weight: g.input(layerNames(i).weight, [out, size]),
    bias: g.input(layerNames(i).bias, [out, 1]),
  }));
  const layers = columnLayers(whole, shape);
  return { layers, offset: shifted ? g.input(OFFSET, [inputSize(shape), 1]) : undefined };
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
  const { layers, offset } = networkIn(g, network);
  const us = ops.split(actions, new Array<number>(horizon).fill(U), 0);
  // The first state is one column; adding zero times an action row spreads it over N columns.
  let s = ops.add(ops.reshape(x0, [S, 1]), ops.mul(ops.slice(us[0]!, 0, 1, 0), 0));
  const xs = [states.observations(s)];
  for (const u of us) {
    const x = nextObservations(states, layers, network.shape.activation, s, u, offset);
    xs.push(x);
    s = states.nextStates(s, x);
  }
  return { graph: g, us, xs };
}

/**
 * Builds the planner's graph, see `unroll`, with the task's own reward, see `costsIn`. Output: `costs [N]`.
 * @param samples N, where it is known: the gradient needs that
 */
function rolloutGraph(
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
function observationsGraph(states: StateSpec, network: PlannedNetwork, horizon: number): Graph {
  const { graph: g, xs } = unroll(states, network, horizon, "N");
  const X = states.observationSize;
  const rows = xs.slice(1).map((x) => ops.reshape(x, [1, X, -1]));
  g.output("observations", ops.concat(rows, 0));
  return g;
}

/** One step from N states: inputs `states [S, N]`, `actions [U, N]` and those of `networkInputs`, output `next [S, N]`. */
function stepGraph(states: StateSpec, network: PlannedNetwork): Graph {
  const g = new Graph();
  const s = g.input("states", [states.size, "N"]);
  const u = g.input("actions", [states.taskSpec.action.length, "N"]);
  const { layers, offset } = networkIn(g, network);
  const x = nextObservations(states, layers, network.shape.activation, s, u, offset);
  g.output("next", states.nextStates(s, x));
  return g;
}

/** The graphs for a network with an offset or for one without. */
interface Compiled {
  readonly shifted: boolean;
  readonly columns: RolloutColumns;
  readonly shared: SharedRollout | undefined;
  /** Graphs that are compiled when they are first needed. */
  readonly gradient: (samples: number) => Promise<RolloutGradient>;
  readonly observations: () => Graph;
  readonly step: () => Graph;
}

/** How sequences are rolled out beside how many steps; by default on the calling thread, and by observations alone. */
export interface RolloutOptions {
  /** Plan together on several cores; the costs are the same, bit by bit, as on one. */
  readonly threads?: PlanningThreads | undefined;
  /** Past changes that the network sees of each moving quantity, see `StateSpec`; default 0. */
  readonly history?: number;
  /** Whether the last reward is held for as many steps as `hold` says; default no. */
  readonly holdReward?: boolean;
  /** What computes derivatives; by default what is quicker for their number. For comparing the two. */
  readonly derivatives?: "kernel" | "graph" | undefined;
}

/**
 * Most sequences whose derivatives the kernel computes. For more, the wider vectors of the runtime's matrix products make up for
 * its overhead.
 */
const KERNEL_SAMPLES = 10;

/** Evaluates action sequences through one task's model; see `rolloutGraph`. */
export class RolloutModel {
  readonly #fold: Session;
  readonly #compile: (shifted: boolean) => Promise<Compiled>;
  #compiled: Compiled;
  #gradient: RolloutGradient | undefined;
  #observations: RolloutObservations | undefined;
  #steps: RolloutSteps | undefined;

  private constructor(fold: Session, compile: (shifted: boolean) => Promise<Compiled>, compiled: Compiled) {
    this.#fold = fold;
    this.#compile = compile;
    this.#compiled = compiled;
  }

  static async create(
    task: Task,
    shape: MlpShape,
    horizon: number,
    { threads, history = 0, holdReward = false, derivatives }: RolloutOptions = {},
  ): Promise<RolloutModel> {
    const states = new StateSpec(task.spec, history);
    const costed = { task, horizon, holdReward };
    const fold = await Session.create(foldGraph(shape));
    const compile = async (shifted: boolean): Promise<Compiled> => {
      const network = { shape: meanShape(shape), shifted };
      const model = encodeModel(rolloutGraph(states, costed, network));
      const layout: RolloutLayout = {
        horizon,
        stateSize: states.size,
        actionSize: task.spec.action.length,
        layers: networkInputs(network),
        rest: holdReward ? REST : undefined,
      };
      const columns = await RolloutColumns.create(model, layout);
      return {
        shifted,
        columns,
        shared: threads?.open(model, layout, columns),
        gradient: (samples) => {
          const quicker = samples <= KERNEL_SAMPLES && hasSimd() ? "kernel" : "graph";
          if ((derivatives ?? quicker) === "graph") {
            const graph = rolloutGraph(states, costed, network, samples);
            return GraphGradient.create(graph, { ...layout, samples }, columns.feeds);
          }
          return KernelGradient.create({ states, costed, network: network.shape, columns }, samples);
        },
        observations: () => observationsGraph(states, network, horizon),
        step: () => stepGraph(states, network),
      };
    };
    return new RolloutModel(fold, compile, await compile(false));
  }

  /** Sets the weights `[P]` and the normaliser to plan with. */
  async load(weights: Float32Array, normalizer: NormalizerArrays): Promise<void> {
    const offset = inputOffset(normalizer);
    const shifted = offset !== undefined;
    if (shifted !== this.#compiled.shifted) {
      await this.#releaseCompiled();
      this.#compiled = await this.#compile(shifted);
    }
    const { columns, shared } = this.#compiled;
    const { [OFFSET]: _, ...layers } = columns.layerFeeds;
    await this.#fold.run(foldFeeds(weights, normalizer), layers);
    if (shifted) columns.layers.at(-1)!.set(offset);
    shared?.load();
    this.#gradient?.load();
  }

  /**
   * Sets for how many steps, a whole number from 0, the last reward is held in the costs that are asked for until the weights are
   * loaded anew. Without a call, or without `holdReward`, it is held for none.
   */
  hold(rest: number): void {
    this.#compiled.columns.hold(rest);
  }

  /**
   * Costs `[N]` of actions `[H, N, U]` from a state `[S]`; the result is valid until the next call.
   * @param meanwhile called while other threads compute; with one thread not at all
   */
  async costs(
    state: Float32Array,
    actions: Float32Array,
    samples: number,
    meanwhile?: () => void,
  ): Promise<Float32Array> {
    const { columns, shared } = this.#compiled;
    if (shared) return shared.costs(state, actions, samples, meanwhile);
    return columns.costs(state, actions, samples, 0, samples);
  }

  /**
   * Costs `[N]` and their derivatives `[H, N, U]` of actions `[H, N, U]` from a state `[S]`, on the calling
   * thread; valid until the next call. The first call, and one with another N, compiles a graph for that N.
   */
  async gradient(state: Float32Array, actions: Float32Array, samples: number): Promise<CostGradient> {
    if (this.#gradient?.samples !== samples) {
      await this.#gradient?.release();
      this.#gradient = await this.#compiled.gradient(samples);
    }
    return this.#gradient.run(state, actions);
  }

  /**
   * Predicted observations `[N, H, X]` after each of the actions `[N, H, U]` from a state `[S]`, on the calling thread.
   * For looking at plans: the first call compiles a graph.
   */
  async observations(state: Float32Array, actions: Float32Array): Promise<Float32Array> {
    const { columns, observations } = this.#compiled;
    this.#observations ??= await RolloutObservations.create(observations(), columns.layerFeeds);
    return this.#observations.run(state, actions);
  }

  /**
   * Predicted states `[H, S, N]` after actions `[H, U, N]` from N states `[S, N]`, on the calling thread, for any H. For
   * measuring the model: the first call compiles a graph.
   */
  async rollOut(states: Float32Array, actions: Float32Array): Promise<Float32Array> {
    const { columns, step } = this.#compiled;
    this.#steps ??= await RolloutSteps.create(step(), columns.layerFeeds);
    return this.#steps.run(states, actions);
  }

  async release(): Promise<void> {
    await this.#releaseCompiled();
    await this.#fold.release();
  }

  async #releaseCompiled(): Promise<void> {
    const { columns, shared } = this.#compiled;
    shared?.release();
    await this.#gradient?.release();
    await this.#observations?.release();
    await this.#steps?.release();
    this.#gradient = undefined;
    this.#observations = undefined;
    this.#steps = undefined;
    await columns.release();
  }
}

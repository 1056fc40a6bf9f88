import type { CostGradient } from "../../planners/types.js";
import { hasSimd } from "../../sim/core/wasm.js";
import type { Task } from "../../sim/task.js";
import { encodeModel } from "../graph/encode.js";
import type { Graph } from "../graph/graph.js";
import { Session } from "../graph/session.js";
import { StateSpec } from "../model/model-state.js";
import { type MlpShape, meanShape } from "../model/network.js";
import { inputOffset, type NormalizerArrays } from "../model/normalizer.js";
import { checkQuantizable, type Precision } from "../model/precision.js";
import { RolloutColumns, type RolloutLayout } from "./columns.js";
import { GraphGradient } from "./graph-gradient.js";
import { KernelGradient } from "./kernel-gradient.js";
import type { PlanningThreads, SharedRollout } from "./planning-threads.js";
import { quantizedInputs } from "./quantized-layers.js";
import { REST } from "./rollout-costs.js";
import type { RolloutGradient } from "./rollout-gradient.js";
import {
  foldFeeds,
  foldGraph,
  networkInputs,
  OFFSET,
  observationsGraph,
  rolloutGraph,
  stepGraph,
} from "./rollout-graphs.js";
import { RolloutObservations } from "./rollout-observations.js";
import { RolloutSteps } from "./rollout-steps.js";

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
  /** What costs without derivatives are computed in, between hidden layers; default float32. */
  readonly precision?: Precision | undefined;
  /** What computes derivatives; by default what is quicker for their number. For comparing the two. */
  readonly derivatives?: "kernel" | "graph" | undefined;
}

/**
 * Most sequences whose derivatives the kernel computes. For more, the wider vectors of the runtime's matrix products make up for
 * its overhead.
 */
const KERNEL_SAMPLES = 10;

/** What a policy asks of a model; see `RolloutModel`, whose methods these are. */
export type PlanningModel = Pick<
  RolloutModel,
  "hold" | "costs" | "gradient" | "observations" | "rollOut" | "release"
>;

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

  /** @throws UsageError where the network cannot be computed in the precision */
  static async create(
    task: Task,
    shape: MlpShape,
    horizon: number,
    { threads, history = 0, holdReward = false, precision = "float32", derivatives }: RolloutOptions = {},
  ): Promise<RolloutModel> {
    if (precision === "int8") checkQuantizable(shape);
    const states = new StateSpec(task.spec, history);
    const costed = { task, horizon, holdReward };
    const fold = await Session.create(foldGraph(shape, precision));
    const compile = async (shifted: boolean): Promise<Compiled> => {
      const network = { shape: meanShape(shape), shifted };
      const model = encodeModel(rolloutGraph(states, costed, { ...network, precision }));
      const layout: RolloutLayout = {
        horizon,
        stateSize: states.size,
        actionSize: task.spec.action.length,
        layers: networkInputs(network),
        quantized: precision === "int8" ? quantizedInputs(network.shape) : [],
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
    await this.#fold.run(foldFeeds(weights, normalizer), { ...layers, ...columns.quantizedFeeds });
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
    return columns.allCosts(state, actions, samples);
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

import type { CostGradient } from "../planners/types.js";
import { gradients } from "./graph/gradients.js";
import type { Graph } from "./graph/graph.js";
import * as ops from "./graph/operations.js";
import { alignedArrays, type Feeds, Session, tensor } from "./graph/session.js";

/** One session that yields the costs of a rollout graph and their derivatives with respect to the actions. */
export class RolloutGradient {
  /** N */
  readonly samples: number;
  readonly #session: Session;
  readonly #feeds: Feeds;
  readonly #results: Feeds;
  readonly #x0: Float32Array;
  readonly #actions: Float32Array;
  readonly #slope: CostGradient;

  private constructor(session: Session, graph: Graph, layerFeeds: Feeds) {
    const { x0, actions } = inputsOf(graph);
    const [horizon, samples, width] = actions.shape as number[];
    const size = horizon * samples * width;
    const [observation, sequences, costs, gradient] = alignedArrays([
      x0.shape[1] as number,
      size,
      samples,
      size,
    ]);
    this.samples = samples;
    this.#session = session;
    this.#x0 = observation;
    this.#actions = sequences;
    this.#slope = { costs, gradient };
    this.#feeds = {
      ...layerFeeds,
      x0: tensor(observation, [1, observation.length]),
      actions: tensor(sequences, actions.shape as number[]),
    };
    this.#results = {
      costs: tensor(costs, [samples]),
      gradient: tensor(gradient, actions.shape as number[]),
    };
  }

  /**
   * @param graph a rollout graph with inputs `x0 [1, X]`, `actions [H, N, U]`, all sizes known, and output `costs [N]`;
   *   it is extended
   * @param layerFeeds the network, as the graph takes it
   */
  static async create(graph: Graph, layerFeeds: Feeds): Promise<RolloutGradient> {
    const { tensor: costs } = graph.outputs.find(({ name }) => name === "costs")!;
    // Sequences do not act on each other, so the gradient of the sum holds the gradient of each.
    const [gradient] = gradients(ops.reduceSum(costs), [inputsOf(graph).actions]);
    graph.output("gradient", gradient);
    return new RolloutGradient(await Session.create(graph), graph, layerFeeds);
  }

  /** Costs of actions `[H, N, U]` from an observation `[X]`; valid until the next call. */
  async run(observation: Float32Array, actions: Float32Array): Promise<CostGradient> {
    this.#x0.set(observation);
    this.#actions.set(actions.subarray(0, this.#actions.length));
    await this.#session.run(this.#feeds, this.#results);
    return this.#slope;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function inputsOf(graph: Graph) {
  const input = (wanted: string) => graph.inputs.find(({ name }) => name === wanted)!;
  return { x0: input("x0"), actions: input("actions") };
}

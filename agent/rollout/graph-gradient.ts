import type { CostGradient } from "../../planners/types.js";
import { gradients } from "../graph/gradients.js";
import type { Graph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArrays, type Feeds, Session, tensor } from "../graph/session.js";
import { type ActionSizes, fromColumns, toColumns } from "./action-columns.js";
import type { RolloutGradient } from "./rollout-gradient.js";

/** One session that yields the costs of a rollout graph and their derivatives with respect to the actions. */
export class GraphGradient implements RolloutGradient {
  readonly #session: Session;
  readonly #sizes: ActionSizes;
  readonly #feeds: Feeds;
  readonly #results: Feeds;
  readonly #x0: Float32Array;
  /** `[H·U, N]` */
  readonly #columns: Float32Array;
  /** `[H·U, N]` */
  readonly #slopes: Float32Array;
  readonly #slope: CostGradient;

  private constructor(session: Session, graph: Graph, sizes: ActionSizes, feeds: Feeds) {
    const { x0, actions } = inputsOf(graph);
    const shape = actions.shape as [number, number];
    const S = x0.shape[1] as number;
    const size = shape[0] * shape[1];
    const [state, columns, costs, slopes] = alignedArrays([S, size, sizes.samples, size]);
    this.#session = session;
    this.#sizes = sizes;
    this.#x0 = state;
    this.#columns = columns;
    this.#slopes = slopes;
    this.#slope = { costs, gradient: new Float32Array(size) };
    this.#feeds = { ...feeds, x0: tensor(state, [1, S]), actions: tensor(columns, shape) };
    this.#results = { costs: tensor(costs, [sizes.samples]), gradient: tensor(slopes, shape) };
  }

  /**
   * @param graph a rollout graph with inputs `x0 [1, S]`, `actions [H·U, N]` and others, all sizes known, and output `costs [N]`;
   *   it is extended
   * @param feeds all its other inputs
   */
  static async create(graph: Graph, sizes: ActionSizes, feeds: Feeds): Promise<GraphGradient> {
    const { tensor: costs } = graph.outputs.find(({ name }) => name === "costs")!;
    // Sequences do not act on each other, so the gradient of the sum holds the gradient of each.
    const [gradient] = gradients(ops.reduceSum(costs), [inputsOf(graph).actions]);
    graph.output("gradient", gradient);
    return new GraphGradient(await Session.create(graph), graph, sizes, feeds);
  }

  get samples(): number {
    return this.#sizes.samples;
  }

  /** The graph reads the weights where they are. */
  load(): void {}

  async run(state: Float32Array, actions: Float32Array): Promise<CostGradient> {
    this.#x0.set(state);
    toColumns(actions, this.#columns, this.#sizes);
    await this.#session.run(this.#feeds, this.#results);
    fromColumns(this.#slopes, this.#slope.gradient, this.#sizes);
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

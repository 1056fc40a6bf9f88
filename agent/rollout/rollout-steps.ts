import type { Graph } from "../graph/graph.js";
import { alignedArrays, type Feeds, Session, tensor } from "../graph/session.js";

/** One session that rolls many states out at the same time, each by actions of its own, step after step. */
export class RolloutSteps {
  readonly #session: Session;
  readonly #layerFeeds: Feeds;
  /** S */
  readonly #stateSize: number;
  /** U */
  readonly #actionSize: number;

  private constructor(session: Session, layerFeeds: Feeds, stateSize: number, actionSize: number) {
    this.#session = session;
    this.#layerFeeds = layerFeeds;
    this.#stateSize = stateSize;
    this.#actionSize = actionSize;
  }

  /**
   * @param graph of one step, with inputs `states [S, N]`, `actions [U, N]` and output `next [S, N]`
   * @param layerFeeds the network, as the graph takes it
   */
  static async create(graph: Graph, layerFeeds: Feeds): Promise<RolloutSteps> {
    const rowsOf = (input: string) => graph.inputs.find(({ name }) => name === input)!.shape[0] as number;
    const session = await Session.create(graph);
    return new RolloutSteps(session, layerFeeds, rowsOf("states"), rowsOf("actions"));
  }

  /** States `[H, S, N]` after 1 … H steps with actions `[H, U, N]` from states `[S, N]`. */
  async run(states: Float32Array, actions: Float32Array): Promise<Float32Array> {
    const [S, U] = [this.#stateSize, this.#actionSize];
    const N = states.length / S;
    const H = actions.length / (U * N);
    const [before, inputs, next] = alignedArrays([S * N, U * N, S * N]);
    const feeds = { ...this.#layerFeeds, states: tensor(before, [S, N]), actions: tensor(inputs, [U, N]) };
    const results = { next: tensor(next, [S, N]) };
    const out = new Float32Array(H * S * N);
    before.set(states);
    for (let h = 0; h < H; h++) {
      inputs.set(actions.subarray(h * U * N, (h + 1) * U * N));
      await this.#session.run(feeds, results);
      out.set(next, h * S * N);
      before.set(next);
    }
    return out;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

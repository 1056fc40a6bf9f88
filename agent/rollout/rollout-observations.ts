import type { Graph } from "../graph/graph.js";
import { alignedArray, type Feeds, Session, tensor } from "../graph/session.js";

/** H, S, X, U. */
type Sizes = readonly [horizon: number, state: number, observation: number, action: number];

/** One session that yields the observations which action sequences are predicted to lead to. */
export class RolloutObservations {
  readonly #session: Session;
  readonly #layerFeeds: Feeds;
  readonly #sizes: Sizes;

  private constructor(session: Session, layerFeeds: Feeds, sizes: Sizes) {
    this.#session = session;
    this.#layerFeeds = layerFeeds;
    this.#sizes = sizes;
  }

  /**
   * @param graph with inputs `x0 [1, S]`, `actions [H·U, N]` and output `observations [H, X, N]`
   * @param layerFeeds the network, as the graph takes it
   */
  static async create(graph: Graph, layerFeeds: Feeds): Promise<RolloutObservations> {
    const [rows] = graph.inputs.find(({ name }) => name === "actions")!.shape as [number, number];
    const [, S] = graph.inputs.find(({ name }) => name === "x0")!.shape as [number, number];
    const [H, X] = graph.outputs.find(({ name }) => name === "observations")!.tensor.shape as [
      number,
      number,
    ];
    return new RolloutObservations(await Session.create(graph), layerFeeds, [H, S, X, rows / H]);
  }

  /** Observations `[N, H, X]` after each of the actions `[N, H, U]` from a state `[S]`. */
  async run(state: Float32Array, actions: Float32Array): Promise<Float32Array> {
    const [H, S, X, U] = this.#sizes;
    const N = actions.length / (H * U);
    const x0 = alignedArray(S);
    const inputs = alignedArray(H * N * U);
    const observations = alignedArray(H * X * N);
    x0.set(state);
    forEach([N, H, U], (n, h, u, i) => {
      inputs[(h * U + u) * N + n] = actions[i]!;
    });
    await this.#session.run(
      { ...this.#layerFeeds, x0: tensor(x0, [1, S]), actions: tensor(inputs, [H * U, N]) },
      { observations: tensor(observations, [H, X, N]) },
    );
    const out = new Float32Array(observations.length);
    forEach([N, H, X], (n, h, x, i) => {
      out[i] = observations[(h * X + x) * N + n]!;
    });
    return out;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** Calls `visit` for every index of an array `[A, B, C]`, with the place of the entry. */
function forEach(
  [A, B, C]: readonly [number, number, number],
  visit: (a: number, b: number, c: number, place: number) => void,
): void {
  for (let i = 0; i < A * B * C; i++) visit(Math.floor(i / (B * C)), Math.floor(i / C) % B, i % C, i);
}

import { alignedArray, type Feeds, Session, tensor } from "../graph/session.js";
import { toColumns } from "./action-columns.js";
import type { NetworkInput } from "./quantized-layers.js";

/** Widest vector of the runtime's kernels, in float32: whole vectors are computed alike wherever they stand. */
const VECTOR = 16;
/**
 * Fewest columns of a chunk. Up to 64 columns the runtime's matrix product adds up in longer blocks and rounds
 * otherwise; above that, costs do not depend on how columns are divided.
 */
const MIN_COLUMNS = 80;
/** Columns worth a chunk of their own where every thread has one already: each call costs a tenth of a millisecond. */
const GOOD_COLUMNS = 240;
/** Most chunks per thread: a thread that starts late or is slower takes fewer. */
const CHUNKS_PER_THREAD = 2;

/** What a thread must know of a rollout graph to run it. */
export interface RolloutLayout {
  readonly horizon: number;
  /** S */
  readonly stateSize: number;
  /** U */
  readonly actionSize: number;
  /** The graph's inputs that hold the network. */
  readonly layers: readonly NetworkInput[];
  /** Those that hold parts of it in int8. With any, the columns of a chunk share the steps that activations are rounded to. */
  readonly quantized: readonly NetworkInput[];
  /** The graph's input that says for how many steps the last reward is held, if it has one. */
  readonly rest: string | undefined;
}

/**
 * Number of chunks into which N columns are divided.
 * @param fixed whether costs depend on the division, which must then be the same for any number of threads
 */
export function chunkCount(samples: number, threads: number, fixed = false): number {
  if (fixed) return Math.max(1, Math.floor(samples / GOOD_COLUMNS));
  const least = Math.min(threads, Math.floor(samples / MIN_COLUMNS));
  const good = Math.min(CHUNKS_PER_THREAD * threads, Math.floor(samples / GOOD_COLUMNS));
  return Math.max(1, least, good);
}

/** First column of a chunk, a multiple of the vector width; of chunk number `chunks`, their end. */
export function chunkStart(chunk: number, chunks: number, samples: number): number {
  if (chunk === chunks) return samples;
  return Math.floor((chunk * Math.ceil(samples / VECTOR)) / chunks) * VECTOR;
}

/** A part of a network, as a graph takes it. */
export type NetworkArray = Float32Array | Int8Array;

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b);

function feedsOf(inputs: readonly NetworkInput[], arrays: readonly NetworkArray[]): Feeds {
  return Object.fromEntries(inputs.map(({ name, shape }, i) => [name, tensor(arrays[i]!, shape)]));
}

/** One thread's session of a rollout graph, with its own arrays: the runtime takes no shared memory. */
export class RolloutColumns {
  /** The network's layers as inputs of the graph; whoever writes to the arrays sets the weights. */
  readonly layerFeeds: Feeds;
  readonly layers: readonly Float32Array[];
  /** What of the network is in int8, where anything is. */
  readonly quantizedFeeds: Feeds;
  /** All arrays that hold the network, in one order for all sessions of a graph. */
  readonly network: readonly NetworkArray[];
  /** For how many steps the last reward is held, where the graph asks for that. */
  readonly restFeeds: Feeds;
  /** All that a graph in float32 reads beside the first state and the actions. */
  readonly feeds: Feeds;
  readonly layout: RolloutLayout;
  readonly #session: Session;
  readonly #x0: Float32Array;
  readonly #rest = alignedArray(1);
  #actions: Float32Array = new Float32Array(0);
  #costs: Float32Array = new Float32Array(0);
  /** Of all chunks, `[N]`. */
  #joined: Float32Array = new Float32Array(0);

  private constructor(session: Session, layout: RolloutLayout) {
    this.#session = session;
    this.layout = layout;
    this.#x0 = alignedArray(layout.stateSize);
    this.layers = layout.layers.map(({ shape }) => alignedArray(sizeOf(shape)));
    this.layerFeeds = feedsOf(layout.layers, this.layers);
    const quantized = layout.quantized.map(({ shape, type }) =>
      type === "int8" ? new Int8Array(sizeOf(shape)) : alignedArray(sizeOf(shape)),
    );
    this.quantizedFeeds = feedsOf(layout.quantized, quantized);
    this.network = [...this.layers, ...quantized];
    const { rest } = layout;
    this.restFeeds = rest === undefined ? {} : { [rest]: tensor(this.#rest, [1, 1]) };
    this.feeds = { ...this.layerFeeds, ...this.restFeeds };
  }

  static async create(model: Uint8Array, layout: RolloutLayout): Promise<RolloutColumns> {
    return new RolloutColumns(await Session.fromModel(model), layout);
  }

  /** Sets for how many steps the last reward is held, where the graph asks for that. */
  hold(rest: number): void {
    this.#rest[0] = rest;
  }

  /** Steps for which the last reward is held. */
  get held(): number {
    return this.#rest[0]!;
  }

  /** Number of chunks that costs of so many samples are computed in. @param threads that share them */
  chunks(samples: number, threads = 1): number {
    return chunkCount(samples, threads, this.layout.quantized.length > 0);
  }

  /** Costs `[N]` of all actions `[H, N, U]` from a state `[S]`; valid until the next call. */
  async allCosts(state: Float32Array, actions: Float32Array, samples: number): Promise<Float32Array> {
    const chunks = this.chunks(samples);
    if (chunks === 1) return this.costs(state, actions, samples, 0, samples);
    if (this.#joined.length < samples) this.#joined = new Float32Array(samples);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const from = chunkStart(chunk, chunks, samples);
      const to = chunkStart(chunk + 1, chunks, samples);
      this.#joined.set(await this.costs(state, actions, samples, from, to), from);
    }
    return this.#joined.subarray(0, samples);
  }

  /**
   * Costs of columns `from … to - 1` of actions `[H, N, U]`, N = samples, from a state `[S]`; valid until
   * the next call. Columns of zeros fill the last vector, so that no column's bits depend on being the last.
   */
  async costs(
    state: Float32Array,
    actions: Float32Array,
    samples: number,
    from: number,
    to: number,
  ): Promise<Float32Array> {
    const { horizon, stateSize, actionSize } = this.layout;
    const width = Math.ceil((to - from) / VECTOR) * VECTOR;
    if (this.#costs.length < width) {
      this.#actions = alignedArray(horizon * width * actionSize);
      this.#costs = alignedArray(width);
    }
    this.#x0.set(state);
    const used = this.#actions.subarray(0, horizon * width * actionSize);
    toColumns(actions, used, { horizon, actionSize, samples }, from, to);
    const costs = this.#costs.subarray(0, width);
    await this.#session.run(
      {
        ...this.feeds,
        ...this.quantizedFeeds,
        x0: tensor(this.#x0, [1, stateSize]),
        actions: tensor(used, [horizon * actionSize, width]),
      },
      { costs: tensor(costs, [width]) },
    );
    return costs.subarray(0, to - from);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

import { createRequire } from "node:module";
import { Crew } from "../threads/crew.js";
import { chunkStart, type NetworkArray, type RolloutColumns, type RolloutLayout } from "./columns.js";

/** Shared memory of one model, as large as its largest N. */
export interface SharedArrays {
  /** `[S]` */
  readonly state: Float32Array;
  /** `[H, N, U]` */
  readonly actions: Float32Array;
  /** `[N]` of each worker: a late worker writes where nobody looks any more. */
  readonly costs: readonly Float32Array[];
}

/** What workers are told of a model; `id` tells models apart. */
export type PlanningMessage =
  | {
      readonly type: "open";
      readonly id: number;
      readonly model: Uint8Array;
      readonly layout: RolloutLayout;
    }
  | { readonly type: "load"; readonly id: number; readonly network: readonly NetworkArray[] }
  | { readonly type: "share"; readonly id: number; readonly arrays: SharedArrays }
  | { readonly type: "release"; readonly id: number };

/** Numbers of a job: the model, N, chunks, and steps for which the last reward is held. */
export type PlanningParameters = readonly [id: number, samples: number, chunks: number, rest: number];

/** After two jobs without help, only every eighth is divided: each chunk costs a call. */
const UNHELPED_JOBS = 2;
const RETRY_PERIOD = 8;

/** Threads that plan together; made once for all tasks and policies. Results do not depend on their number. */
export class PlanningThreads {
  readonly #crew: Crew;
  #models = 0;

  private constructor(crew: Crew) {
    this.#crew = crew;
  }

  /** @param threads with the calling thread */
  static create(threads: number): PlanningThreads {
    // Workers run the build also where sources are loaded as TypeScript.
    const file = createRequire(import.meta.url).resolve("#dist/agent/rollout/planning-worker.js");
    return new PlanningThreads(Crew.create(file, undefined, threads - 1));
  }

  /** Hands the model of a rollout graph to the workers; `columns` is the calling thread's own session. */
  open(model: Uint8Array, layout: RolloutLayout, columns: RolloutColumns): SharedRollout {
    return new SharedRollout(this.#crew, this.#models++, model, layout, columns);
  }

  /** Stops the threads; models opened here cannot be used any more. */
  close(): Promise<void> {
    return this.#crew.close();
  }
}

/** A model that several threads evaluate. */
export class SharedRollout {
  readonly #crew: Crew;
  readonly #id: number;
  readonly #layout: RolloutLayout;
  readonly #columns: RolloutColumns;
  #arrays: SharedArrays | undefined;
  #costs: Float32Array = new Float32Array(0);
  /** Jobs that could be divided since a worker last finished a chunk, e.g. because other runs keep its core busy. */
  #unhelped = 0;

  constructor(crew: Crew, id: number, model: Uint8Array, layout: RolloutLayout, columns: RolloutColumns) {
    this.#crew = crew;
    this.#id = id;
    this.#layout = layout;
    this.#columns = columns;
    this.#post({ type: "open", id, model, layout });
  }

  /** Hands the network of the calling thread to the workers. */
  load(): void {
    this.#post({ type: "load", id: this.#id, network: this.#columns.network.map(sharedCopy) });
  }

  /** See `RolloutModel.costs`. */
  async costs(
    state: Float32Array,
    actions: Float32Array,
    samples: number,
    meanwhile?: () => void,
  ): Promise<Float32Array> {
    const chunks = this.#columns.chunks(samples, this.#crew.threads);
    const alone = this.#unhelped >= UNHELPED_JOBS && this.#unhelped % RETRY_PERIOD !== 0;
    if (chunks > 1) this.#unhelped++;
    if (chunks === 1 || alone) return this.#columns.allCosts(state, actions, samples);
    const shared = this.#share(state, actions, samples);
    const start = (chunk: number) => chunkStart(chunk, chunks, samples);
    const costs = this.#costs.subarray(0, samples);
    const compute = async (chunk: number) => {
      const [from, to] = [start(chunk), start(chunk + 1)];
      costs.set(await this.#columns.costs(state, actions, samples, from, to), from);
    };
    await this.#crew.run(chunks, compute, {
      duplicate: true,
      parameters: [this.#id, samples, chunks, this.#columns.held] satisfies PlanningParameters,
      meanwhile,
    });
    for (let chunk = 0; chunk < chunks; chunk++) {
      const owner = this.#crew.owner(chunk);
      if (owner === 0) continue;
      this.#unhelped = 0;
      costs.set(shared.costs[owner - 1]!.subarray(start(chunk), start(chunk + 1)), start(chunk));
    }
    return costs;
  }

  release(): void {
    this.#post({ type: "release", id: this.#id });
  }

  /** Puts the inputs of a job into shared memory. */
  #share(state: Float32Array, actions: Float32Array, samples: number): SharedArrays {
    const { horizon, actionSize } = this.#layout;
    const size = horizon * samples * actionSize;
    if (this.#arrays === undefined || this.#costs.length < samples) {
      this.#costs = new Float32Array(samples);
      this.#arrays = {
        state: sharedArray(state.length),
        actions: sharedArray(size),
        costs: Array.from({ length: this.#crew.threads - 1 }, () => sharedArray(samples)),
      };
      this.#post({ type: "share", id: this.#id, arrays: this.#arrays });
    }
    this.#arrays.state.set(state);
    this.#arrays.actions.set(actions.subarray(0, size));
    return this.#arrays;
  }

  #post(message: PlanningMessage): void {
    this.#crew.post(message);
  }
}

function sharedCopy(array: NetworkArray): NetworkArray {
  const memory = new SharedArrayBuffer(array.byteLength);
  const copy = array instanceof Int8Array ? new Int8Array(memory) : new Float32Array(memory);
  copy.set(array);
  return copy;
}

function sharedArray(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

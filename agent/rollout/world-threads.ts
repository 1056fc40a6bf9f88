import type { EnvironmentState } from "../../sim/environment.js";
import { MAX_CHUNKS } from "../threads/control.js";
import { Crew } from "../threads/crew.js";
import type { HoldReward } from "./held-steps.js";
import type { World, WorldCosts } from "./world-rollouts.js";

/** Shared memory of one task, as large as its largest snapshot and N. */
export interface SharedWorldArrays {
  /** A snapshot of the scene, followed by bytes of earlier ones. */
  readonly scene: Uint8Array;
  /** `[H, N, U]` */
  readonly actions: Float32Array;
  /** `[N]`; every sequence is written by who simulated it. */
  readonly costs: Float32Array;
}

/** What workers are told. */
export type WorldMessage =
  | {
      readonly type: "task";
      readonly index: number;
      readonly horizon: number;
      readonly holdReward: HoldReward;
    }
  | { readonly type: "share"; readonly arrays: SharedWorldArrays };

/** Numbers of a job: N, bytes of the snapshot, steps that its episode has made, chunks. */
export type WorldParameters = readonly [samples: number, bytes: number, stepsDone: number, chunks: number];

/** Sequences `from … to - 1` that chunk number `chunk` of `chunks` holds. */
export function sequencesOf(
  chunk: number,
  chunks: number,
  samples: number,
): { readonly from: number; readonly to: number } {
  const start = (i: number) => Math.floor((i * samples) / chunks);
  return { from: start(chunk), to: start(chunk + 1) };
}

/** Threads that simulate together; results do not depend on their number. */
export class WorldThreads {
  readonly #crew: Crew;

  private constructor(crew: Crew) {
    this.#crew = crew;
  }

  /**
   * @param file a script that takes `WorldMessage`s and chunks of sequences
   * @param data from which that script finds the tasks
   * @param threads with the calling thread
   */
  static create(file: string, data: unknown, threads: number): WorldThreads {
    return new WorldThreads(Crew.create(file, data, threads - 1));
  }

  /**
   * Turns to a task; the one before is done with.
   * @param index of the task in its suite
   * @param world of the calling thread
   */
  open(index: number, horizon: number, holdReward: HoldReward, world: World): WorldCosts {
    this.#post({ type: "task", index, horizon, holdReward });
    return new SharedWorld(this.#crew, world, (message) => this.#post(message));
  }

  /** Stops the threads. */
  close(): Promise<void> {
    return this.#crew.close();
  }

  #post(message: WorldMessage): void {
    this.#crew.post(message);
  }
}

/** A task that several threads simulate. */
class SharedWorld implements WorldCosts {
  readonly world: World;
  readonly #crew: Crew;
  readonly #post: (message: WorldMessage) => void;
  #arrays: SharedWorldArrays | undefined;

  constructor(crew: Crew, world: World, post: (message: WorldMessage) => void) {
    this.#crew = crew;
    this.world = world;
    this.#post = post;
  }

  async costs(
    state: EnvironmentState,
    actions: Float32Array,
    samples: number,
    meanwhile?: () => void,
  ): Promise<Float32Array> {
    const { costs } = this.#share(state, actions, samples);
    const chunks = Math.min(samples, MAX_CHUNKS);
    const simulate = (chunk: number) => {
      const { from, to } = sequencesOf(chunk, chunks, samples);
      for (let n = from; n < to; n++) costs[n] = this.world.cost(state, actions, samples, n);
    };
    const parameters: WorldParameters = [samples, state.scene.length, state.stepsDone, chunks];
    // Nobody does a chunk that another has begun: a late thread would read the next job's snapshot.
    await this.#crew.run(chunks, simulate, { duplicate: false, parameters, meanwhile });
    return costs.slice(0, samples);
  }

  /** Puts the inputs of a job into shared memory. */
  #share({ scene }: EnvironmentState, actions: Float32Array, samples: number): SharedWorldArrays {
    let arrays = this.#arrays;
    if (
      arrays === undefined ||
      arrays.scene.length < scene.length ||
      arrays.actions.length < actions.length ||
      arrays.costs.length < samples
    ) {
      arrays = {
        // Snapshots grow with the contacts in them.
        scene: new Uint8Array(new SharedArrayBuffer(2 * scene.length)),
        actions: sharedFloats(actions.length),
        costs: sharedFloats(samples),
      };
      this.#arrays = arrays;
      this.#post({ type: "share", arrays });
    }
    arrays.scene.set(scene);
    arrays.actions.set(actions);
    return arrays;
  }
}

function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

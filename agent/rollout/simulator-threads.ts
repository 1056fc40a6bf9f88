import type { EnvironmentState } from "../../sim/environment.js";
import { MAX_CHUNKS } from "../threads/control.js";
import { Crew } from "../threads/crew.js";
import type { HoldReward } from "./held-steps.js";
import type { SimulatorCosts, TaskSimulator } from "./simulator-rollouts.js";

/** Shared memory of one task, as large as its largest snapshot and N. */
export interface SharedSimulatorArrays {
  /** A snapshot of the scene, followed by bytes of earlier ones. */
  readonly scene: Uint8Array;
  /** `[H, N, U]` */
  readonly actions: Float32Array;
  /** `[N]`; every sequence is written by who simulated it. */
  readonly costs: Float32Array;
}

/** What workers are told. */
export type SimulatorMessage =
  | {
      readonly type: "task";
      readonly index: number;
      readonly horizon: number;
      readonly holdReward: HoldReward;
    }
  | { readonly type: "share"; readonly arrays: SharedSimulatorArrays };

/** Numbers of a job: N, bytes of the snapshot, steps that its episode has made, chunks. */
export type SimulatorParameters = readonly [
  samples: number,
  bytes: number,
  stepsDone: number,
  chunks: number,
];

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
export class SimulatorThreads {
  readonly #crew: Crew;

  private constructor(crew: Crew) {
    this.#crew = crew;
  }

  /**
   * @param file a script that takes `SimulatorMessage`s and chunks of sequences
   * @param data from which that script finds the tasks
   * @param threads with the calling thread
   */
  static create(file: string, data: unknown, threads: number): SimulatorThreads {
    return new SimulatorThreads(Crew.create(file, data, threads - 1));
  }

  /**
   * Turns to a task; the one before is done with.
   * @param index of the task in its suite
   * @param simulator of the calling thread
   */
  open(index: number, horizon: number, holdReward: HoldReward, simulator: TaskSimulator): SimulatorCosts {
    this.#post({ type: "task", index, horizon, holdReward });
    return new SharedSimulator(this.#crew, simulator, (message) => this.#post(message));
  }

  /** Stops the threads. */
  close(): Promise<void> {
    return this.#crew.close();
  }

  #post(message: SimulatorMessage): void {
    this.#crew.post(message);
  }
}

/** A task that several threads simulate. */
class SharedSimulator implements SimulatorCosts {
  readonly simulator: TaskSimulator;
  readonly #crew: Crew;
  readonly #post: (message: SimulatorMessage) => void;
  #arrays: SharedSimulatorArrays | undefined;

  constructor(crew: Crew, simulator: TaskSimulator, post: (message: SimulatorMessage) => void) {
    this.#crew = crew;
    this.simulator = simulator;
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
      for (let n = from; n < to; n++) costs[n] = this.simulator.cost(state, actions, samples, n);
    };
    const parameters: SimulatorParameters = [samples, state.scene.length, state.stepsDone, chunks];
    // Nobody does a chunk that another has begun: a late thread would read the next job's snapshot.
    await this.#crew.run(chunks, simulate, { duplicate: false, parameters, meanwhile });
    return costs.slice(0, samples);
  }

  /** Puts the inputs of a job into shared memory. */
  #share({ scene }: EnvironmentState, actions: Float32Array, samples: number): SharedSimulatorArrays {
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

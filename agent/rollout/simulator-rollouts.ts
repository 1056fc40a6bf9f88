import { setImmediate } from "node:timers/promises";
import { Environment, type EnvironmentState } from "../../sim/environment.js";
import type { Task } from "../../sim/task.js";
import { type HoldReward, heldSteps } from "./held-steps.js";

/** What action sequences are worth in a task's own simulator, in place of a model of it. */
export interface SimulatorCosts {
  /**
   * Costs `[N]` of actions `[H, N, U]` from a state of the task's environment; valid until the next call.
   * @param meanwhile called while other threads simulate; with one thread not at all
   */
  costs(
    state: EnvironmentState,
    actions: Float32Array,
    samples: number,
    meanwhile?: () => void,
  ): Promise<Float32Array>;
  /** The simulator in which predictions of single sequences are made. */
  readonly simulator: TaskSimulator;
}

/** How sequences are rolled out. */
export interface TaskSimulatorOptions {
  readonly task: Task;
  /** H */
  readonly horizon: number;
  /** For how long a sequence's last reward goes on counting: what comes after the horizon is then worth something. */
  readonly holdReward: HoldReward;
}

/**
 * An environment of its own in which action sequences are tried from snapshots of another one, which is left as it is. No
 * sequence goes on beyond the end of the episode, by its steps or by itself.
 */
export class TaskSimulator {
  readonly #options: TaskSimulatorOptions;
  readonly #environment: Environment;

  constructor(options: TaskSimulatorOptions) {
    this.#options = options;
    this.#environment = new Environment(options.task);
  }

  /** Cost of sequence `n` of actions `[H, N, U]`: the negative sum of the rewards that the environment pays. */
  cost(state: EnvironmentState, actions: Float32Array, samples: number, n: number): number {
    const { task, horizon, holdReward } = this.#options;
    const environment = this.#environment;
    const actionSize = task.spec.action.length;
    environment.restore(state);
    let [sum, last] = [0, 0];
    for (let h = 0; h < horizon && !environment.over; h++) {
      const at = (h * samples + n) * actionSize;
      last = environment.step(actions.subarray(at, at + actionSize)).reward;
      sum += last;
    }
    const left = environment.over ? 0 : environment.episodeSteps - environment.stepsDone;
    const held = heldSteps(holdReward, left);
    return -(held > 0 ? sum + held * last : sum);
  }

  /** Observations `[H, X]` after each action of a sequence `[H, U]`; NaN after the episode's end. */
  observations(state: EnvironmentState, sequence: Float32Array): Float32Array {
    const { task, horizon } = this.#options;
    const [X, U] = [task.spec.observation.length, task.spec.action.length];
    const out = new Float32Array(horizon * X).fill(Number.NaN);
    this.#environment.restore(state);
    for (let h = 0; h < horizon && !this.#environment.over; h++) {
      out.set(this.#environment.step(sequence.subarray(h * U, (h + 1) * U)).observation, h * X);
    }
    return out;
  }

  /** Frees the physics memory. */
  close(): void {
    this.#environment.close();
  }
}

/** Simulates on the calling thread. */
export class LocalSimulator implements SimulatorCosts {
  readonly simulator: TaskSimulator;
  #costs = new Float32Array(0);

  constructor(simulator: TaskSimulator) {
    this.simulator = simulator;
  }

  async costs(state: EnvironmentState, actions: Float32Array, samples: number): Promise<Float32Array> {
    // Simulating awaits nothing: without a turn of the event loop a signal would not be seen.
    await setImmediate();
    if (this.#costs.length < samples) this.#costs = new Float32Array(samples);
    const costs = this.#costs.subarray(0, samples);
    for (let n = 0; n < samples; n++) costs[n] = this.simulator.cost(state, actions, samples, n);
    return costs;
  }
}

import { findNamed } from "../../sim/core/one-of.js";
import type { MovingQuantity, ObservationChannel, TaskSpec } from "../../sim/task.js";
import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";

/**
 * What the dynamics model knows of a moment. An observation often leaves out how fast things move: an arm answers the same
 * action in one way from rest and in another while it moves, and a model that sees positions alone predicts the mean of
 * both. How far something moved in the last control steps tells most of its velocity, and needs nothing but observations. A
 * task names the Q quantities of which that matters (`TaskSpec.moving`), each a weighted sum of channels, W x. A *state* `[S]`
 * is an observation x_t `[X]` followed by their last n changes W (x_t - x_{t-1}), W (x_{t-1} - x_{t-2}), …: S = X + n Q. When
 * an episode starts the changes are 0. Without history a state is an observation.
 */
export class StateSpec {
  readonly taskSpec: TaskSpec;
  /** The task's with the channels of a state, S of them, as observation. */
  readonly spec: TaskSpec;
  /** W `[Q, X]` */
  readonly #weights: Float32Array;
  /** Q */
  readonly #quantities: number;
  /** n, or 0 where nothing is named */
  readonly #steps: number;

  /**
   * @param history n, changes kept of each moving quantity
   * @throws UsageError when a quantity names no channel, or an angle
   */
  constructor(task: TaskSpec, history: number) {
    const { observation, moving = [] } = task;
    this.taskSpec = task;
    this.#quantities = moving.length;
    this.#steps = moving.length > 0 ? history : 0;
    this.#weights = Float32Array.from(moving.flatMap((quantity) => weightsOf(quantity, observation)));
    const changes = Array.from({ length: this.#steps }, (_, k) =>
      moving.map(({ name, unit }) => ({ name: `${name}Change${k + 1}`, unit })),
    );
    this.spec = { ...task, observation: [...observation, ...changes.flat()] };
  }

  /** S */
  get size(): number {
    return this.spec.observation.length;
  }

  /** X */
  get observationSize(): number {
    return this.taskSpec.observation.length;
  }

  /** The state `[S]` at the start of an episode. */
  first(observation: Float32Array): Float32Array {
    if (this.#steps === 0) return observation;
    const state = new Float32Array(this.size);
    state.set(observation);
    return state;
  }

  /** The state `[S]` after `state`, when `observation` `[X]` is seen. */
  next(state: Float32Array, observation: Float32Array): Float32Array {
    if (this.#steps === 0) return observation;
    const next = this.first(observation);
    this.addChanges(state, next);
    return next;
  }

  /** The state `[S]` in which `observation` `[X]` is seen where `state` was, between two steps: the past changes stay. */
  seenAnew(state: Float32Array, observation: Float32Array): Float32Array {
    if (this.#steps === 0) return observation;
    const anew = state.slice();
    anew.set(observation);
    return anew;
  }

  /** Completes the state `next [S]`, which follows `state [S]` and holds its observation already, by the past changes. */
  addChanges(state: Float32Array, next: Float32Array): void {
    if (this.#steps === 0) return;
    const [X, Q] = [this.observationSize, this.#quantities];
    for (let q = 0; q < Q; q++) {
      let change = 0;
      for (let i = 0; i < X; i++) change += this.#weights[q * X + i]! * (next[i]! - state[i]!);
      next[X + q] = change;
    }
    for (let i = X + Q; i < this.size; i++) next[i] = state[i - Q]!;
  }

  /**
   * The backward pass of `addChanges`. Both arguments are derivatives with respect to the states of the same name, `[S]`: those of
   * `state` are written, as far as it acts through the past changes, and those of the observation in `next` are completed.
   */
  addChangesBackward(state: Float32Array, next: Float32Array): void {
    state.fill(0);
    if (this.#steps === 0) return;
    const [X, Q] = [this.observationSize, this.#quantities];
    for (let q = 0; q < Q; q++) {
      for (let i = 0; i < X; i++) {
        const slope = this.#weights[q * X + i]! * next[X + q]!;
        next[i]! += slope;
        state[i]! -= slope;
      }
    }
    for (let i = X + Q; i < this.size; i++) state[i - Q] = next[i]!;
  }

  /** The observations `[X, N]` in states `[S, N]`. */
  observations(states: Tensor): Tensor {
    return this.#steps === 0 ? states : ops.slice(states, 0, this.observationSize, 0);
  }

  /** The same as `next` for states `[S, N]` and observations `[X, N]` in a graph. */
  nextStates(states: Tensor, observations: Tensor): Tensor {
    if (this.#steps === 0) return observations;
    const [X, Q] = [this.observationSize, this.#quantities];
    const weights = states.graph.constant(this.#weights, [Q, X]);
    const changes = ops.gemm(weights, ops.sub(observations, this.observations(states)));
    const older = this.#steps === 1 ? [] : [ops.slice(states, X, this.size - Q, 0)];
    return ops.concat([observations, changes, ...older], 0);
  }
}

/** A quantity's weight of each channel, `[X]`. */
function weightsOf({ name, weights }: MovingQuantity, channels: readonly ObservationChannel[]): number[] {
  const plain = channels.filter(({ angle, quaternion }) => !angle && !quaternion);
  for (const channel of Object.keys(weights))
    findNamed(`plain channel in the moving quantity ${name}`, channel, plain);
  return channels.map((channel) => weights[channel.name] ?? 0);
}

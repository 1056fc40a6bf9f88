import { InputError, RunError, UsageError } from "./core/errors.js";
import { eagerOps } from "./core/ops.js";
import { Rng } from "./core/rng.js";
import { endValue } from "./ends-episode.js";
import type { Scene, Task } from "./task.js";

/** What one control step brought. */
export interface StepResult {
  /** `[X]`, a fresh array. */
  readonly observation: Float32Array;
  readonly reward: number;
  /** The episode is over by itself: `Task.terminated` says so of the observation. */
  readonly terminated: boolean;
  /** The episode is over because as many steps were made as it has at most. */
  readonly truncated: boolean;
}

/** How an environment is other than its task says. */
export interface EnvironmentOptions {
  /** Steps after which episodes are truncated, a whole number from 1, where those are to be fewer than the task's. */
  readonly episodeSteps?: number | undefined;
  /** Whether episodes start as `Task.createLearningScene` has it; default no. */
  readonly variedStarts?: boolean;
}

/** What decides an environment's future. */
export interface EnvironmentState {
  readonly scene: Uint8Array;
  readonly stepsDone: number;
}

/**
 * The environment loop, with Gymnasium's meaning of `reset`, `step`, `terminated` and `truncated`. Physics and task are
 * injected through `Task`.
 */
export class Environment {
  readonly task: Task;
  /** Steps after which an episode is truncated. */
  readonly episodeSteps: number;
  readonly scene: Scene;
  #stepsDone = -1;
  #terminated = false;
  #observation: Float32Array;

  /**
   * @throws InputError when `episodeSteps` is no whole number from 1, or starts are to be varied and the task does not say how
   */
  constructor(task: Task, { episodeSteps, variedStarts = false }: EnvironmentOptions = {}) {
    this.task = task;
    if (episodeSteps !== undefined) checkSteps(task, episodeSteps);
    this.episodeSteps = Math.min(episodeSteps ?? task.spec.episodeSteps, task.spec.episodeSteps);
    this.scene = variedStarts ? learningScene(task) : task.createScene();
    this.#observation = new Float32Array(task.spec.observation.length);
  }

  /** Steps made since the last reset; -1 before the first. */
  get stepsDone(): number {
    return this.#stepsDone;
  }

  /** Whether a new episode must be started before the next step. */
  get over(): boolean {
    return this.#stepsDone < 0 || this.#terminated || this.#truncated;
  }

  /** The current observation `[X]`. */
  get observation(): Float32Array {
    return this.#observation.slice();
  }

  /**
   * Starts an episode. The same seed gives the same bytes. Returns the first observation `[X]`.
   * @throws RunError when the start is one after which nothing can follow
   */
  reset(seed: number): Float32Array {
    const rng = Rng.fromSeed(seed).split("reset");
    this.scene.reset(() => rng.uniform());
    this.#stepsDone = 0;
    this.#observe();
    if (this.#terminated) {
      throw new RunError({
        what: `Task ${this.task.name}: the episode with seed ${seed} is over before its first step`,
        got: "a start of which terminated() is above 0",
        expected: "starts from which steps can be made",
        todo: "Change the task's starts or what ends its episodes",
      });
    }
    return this.observation;
  }

  /**
   * Goes on with the episode of another environment where that is, so that the task changes within it: things are where they were and
   * move as they did, and from now on they obey this environment's task. The other one stays as it is. Returns what is now observed, `[X]`.
   * @throws UsageError when this scene cannot take over from that one; RunError when nothing can follow
   */
  takeOver(from: Environment): Float32Array {
    const [own, other] = [this.scene.handover, from.scene.handover];
    if (own === undefined || other === undefined) throw noHandover(own === undefined ? this.task : from.task);
    own.take(other.read());
    this.#stepsDone = from.#stepsDone;
    this.#observe();
    if (!this.over) return this.observation;
    throw new RunError({
      what: `Task ${this.task.name} cannot go on from where task ${from.task.name} is`,
      got: `${this.#stepsDone} steps done${this.#terminated ? ", and a state of which terminated() is above 0" : ""}`,
      expected: "a state from which steps can be made",
      todo: "Change the task earlier in the episode",
    });
  }

  /**
   * Applies an action `[U]`, clipped to the task's bounds, for one control period.
   * @throws RunError before `reset`, after the episode's end, on a wrong length or a non-finite number.
   */
  step(action: ArrayLike<number>): StepResult {
    const { spec } = this.task;
    this.#checkReady(action);
    const clipped = Float32Array.from(spec.action, (channel, i) =>
      Math.min(channel.high, Math.max(channel.low, action[i]!)),
    );
    const before = Float64Array.from(this.#observation);
    this.scene.advance(clipped);
    this.#stepsDone++;
    this.#observe();
    const rewards = this.task.reward(eagerOps, {
      observation: before,
      action: Float64Array.from(clipped),
      nextObservation: Float64Array.from(this.#observation),
    });
    const reward = rewards[0] ?? Number.NaN;
    this.#checkFinite([reward], ["reward"]);
    return {
      observation: this.observation,
      reward,
      terminated: this.#terminated,
      truncated: this.#truncated,
    };
  }

  /** What decides everything that follows, as bytes and a count. */
  snapshot(): EnvironmentState {
    return { scene: this.scene.snapshot(), stepsDone: this.#stepsDone };
  }

  /**
   * Goes on from a snapshot of the same task.
   * @throws InputError when the bytes are not one
   */
  restore(state: EnvironmentState): void {
    this.scene.restore(state.scene);
    this.#stepsDone = state.stepsDone;
    this.#observe();
  }

  /** Frees the physics memory; the environment is unusable afterwards. */
  close(): void {
    this.scene.close();
  }

  #observe(): void {
    const observation = new Float32Array(this.task.spec.observation.length);
    this.scene.observe(observation);
    this.#checkFinite(
      observation,
      this.task.spec.observation.map((c) => c.name),
    );
    this.#observation = observation;
    this.#terminated = this.#endsWith(observation);
  }

  #endsWith(observation: Float32Array): boolean {
    const value = endValue(this.task, observation);
    if (value === undefined) return false;
    this.#checkFinite([value], ["what terminated() says"]);
    return value > 0;
  }

  get #truncated(): boolean {
    return this.#stepsDone >= this.episodeSteps;
  }

  #checkReady(action: ArrayLike<number>): void {
    const { spec, name } = this.task;
    if (this.over) {
      const done = `${this.#stepsDone} steps done${this.#terminated ? ", after which the task ended the episode" : ""}`;
      throw new RunError({
        what: `Task ${name}: step() outside an episode`,
        got: this.#stepsDone < 0 ? "no reset yet" : done,
        expected: `0 to ${this.episodeSteps - 1} steps done`,
        todo: "Call reset(seed) first",
      });
    }
    if (action.length !== spec.action.length) {
      throw new RunError({
        what: `Task ${name}: action of the wrong length`,
        got: `${action.length}`,
        expected: `${spec.action.length} (${spec.action.map((c) => c.name).join(", ")})`,
      });
    }
    this.#checkFinite(
      action,
      spec.action.map((c) => `action ${c.name}`),
    );
  }

  #checkFinite(values: ArrayLike<number>, names: readonly string[]): void {
    for (let i = 0; i < values.length; i++) {
      if (Number.isFinite(values[i])) continue;
      throw new RunError({
        what: `Task ${this.task.name}, episode step ${this.#stepsDone}: ${names[i]} is not finite`,
        got: String(values[i]),
        expected: "a finite number",
        todo: "Look at what computed it",
      });
    }
  }
}

function noHandover(task: Task): UsageError {
  return new UsageError({
    what: `The scene of task ${task.name} cannot hand its state over`,
    got: "no Scene.handover",
    expected: "a scene that tells how it moves to those of other tasks",
    todo: "Change tasks between episodes, or write Scene.handover",
  });
}

function checkSteps(task: Task, episodeSteps: number): void {
  if (Number.isInteger(episodeSteps) && episodeSteps >= 1) return;
  throw new InputError({
    what: `Environment of task ${task.name}: episodeSteps is no number of steps`,
    got: String(episodeSteps),
    expected: `a whole number from 1; more than the task's ${task.spec.episodeSteps} are as many as that`,
    todo: "Give such a number, or leave episodeSteps out for the task's own",
  });
}

function learningScene(task: Task): Scene {
  if (task.createLearningScene !== undefined) return task.createLearningScene();
  throw new InputError({
    what: `Task ${task.name} does not say how its starts are varied`,
    got: "no createLearningScene",
    expected: "a task of the suite as it was when the run began",
    todo: "Give that suite, or begin a new run with loop.learningStarts=seeded",
  });
}

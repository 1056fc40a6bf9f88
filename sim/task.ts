import type { Ops } from "./core/ops.js";
import type { ProfileDefaults } from "./core/profiles.js";

/** One scalar of an observation or action vector. */
export interface Channel {
  readonly name: string;
  /** Unit as printed in tables and recordings: `m`, `rad`, `m/s`, `1`, … */
  readonly unit: string;
}

export interface ObservationChannel extends Channel {
  /** True when the value is an angle that the dynamics model must see as (cos, sin). */
  readonly angle?: boolean;
  /** True for the four channels x, y, z, w, one after the other, of a unit quaternion. */
  readonly quaternion?: boolean;
  /** True when the dynamics model predicts the next value itself instead of its difference. */
  readonly absolute?: boolean;
}

export interface ActionChannel extends Channel {
  readonly low: number;
  readonly high: number;
}

/**
 * A quantity that an observation tells, but not how fast it changes, such as the position of a gripper: the model may see
 * its changes in the last control steps (`dynamics.history`). It is a weighted sum of channels that are no angles.
 */
export interface MovingQuantity extends Channel {
  /** By channel name, e.g. `{ markerX: 1, markerMinusGripperX: -1 }`. */
  readonly weights: Readonly<Record<string, number>>;
}

/** What goes in and out of a task, and how its time is cut; the same for all tasks of a suite. */
export interface TaskSpec {
  /** X entries. */
  readonly observation: readonly ObservationChannel[];
  /** U entries. */
  readonly action: readonly ActionChannel[];
  /** What moves with a speed that is not observed. */
  readonly moving?: readonly MovingQuantity[];
  /** Steps until an episode is truncated, unless it ends by itself before; see `Task.terminated`. */
  readonly episodeSteps: number;
  /** Time between actions, s. */
  readonly controlPeriod: number;
  /**
   * How often the task has changed in what nothing else here says, such as masses or what collides; default 0. Runs and
   * references of another revision are refused, as are those of other channels.
   */
  readonly revision?: number;
}

/** Arguments of a reward: the transition `(x, u) → x'`, last axis X, U, X. */
export interface Transition<T> {
  readonly observation: T;
  readonly action: T;
  readonly nextObservation: T;
}

/** World pose of a body: position in m, unit quaternion (x, y, z, w). */
export interface Pose {
  readonly position: readonly [number, number, number];
  readonly rotation: readonly [number, number, number, number];
}

/** A shape for people to look at, placed in the frame of a body. */
export interface VisualShape {
  readonly kind: "box" | "sphere" | "cylinder" | "capsule";
  /** Full extents in m: box (x, y, z); sphere (d, d, d); cylinder and capsule (d, d, length along z). */
  readonly size: readonly [number, number, number];
  readonly pose: Pose;
  /** Red, green, blue, alpha in 0 … 1. */
  readonly color: readonly [number, number, number, number];
}

/** A named body and its shapes; `fixed` bodies never move. */
export interface VisualBody {
  readonly name: string;
  readonly fixed: boolean;
  readonly shapes: readonly VisualShape[];
}

/** Where the things of a scene are and how they move, for a scene of another task that goes on from there. */
export interface SceneMotion {
  /** Names what the numbers are: a scene takes over from those alone that give the same. */
  readonly family: string;
  readonly numbers: Float64Array;
}

/** How a scene and those of other tasks take over from each other. */
export interface Handover {
  /** Of the present state. */
  read(): SceneMotion;
  /**
   * Goes on from the state of another scene, whatever happened in this one before: what follows depends on nothing but `motion`.
   * @throws UsageError when it is of another family
   */
  take(motion: SceneMotion): void;
}

/**
 * The physical side of a task, owned by one environment. All of its mutable state is in the snapshot.
 */
export interface Scene {
  /** Puts the scene into a starting state drawn from `random`, a source of numbers in [0, 1). */
  reset(random: () => number): void;
  /** Applies an action `[U]` for one control period. */
  advance(action: ArrayLike<number>): void;
  /** Writes the observation `[X]`. */
  observe(out: Float32Array): void;
  /** Figures for people, e.g. `positionErrorMm`; keys never change within a task. */
  measure(): Readonly<Record<string, number>>;
  readonly bodies: readonly VisualBody[];
  /** World pose of `bodies[i]`. */
  bodyPose(index: number): Pose;
  /** Every byte that decides the future, including the controller's own state. */
  snapshot(): Uint8Array;
  /** @throws InputError when the bytes are not a snapshot of this scene and physics version. */
  restore(snapshot: Uint8Array): void;
  /** Lets the task change in the middle of an episode; absent where scenes of other tasks cannot go on from this one's states. */
  readonly handover?: Handover;
  /** Frees the physics memory; the scene is unusable afterwards. */
  close(): void;
}

/** A position in the world, m. */
export type Point = readonly [x: number, y: number, z: number];

/** Points of the world whose places an observation tells: with them a predicted trajectory can be drawn. */
export interface Landmarks {
  /** E.g. `gripper`, `block`. */
  readonly names: readonly string[];
  /**
   * Places of the points, a row in the order of the names per observation.
   * @param observations `[n][X]`, a control period apart: the present one, then predicted ones
   * @param scene in its present state, for what observations leave out
   */
  locate(observations: readonly ArrayLike<number>[], scene: Scene): readonly (readonly Point[])[];
}

/** What is counted of episodes beside success. */
export interface NamedOutcome {
  /** Such as `heldOpen`: unique within the task, see `isOutcomeName`. */
  readonly name: string;
  /** When it counts, one line: `the door is still open by 0.2 rad or more after the last step`. */
  readonly description: string;
  /** True when `measure()`, after an episode's last step, says that it came about. */
  holds(measures: Readonly<Record<string, number>>): boolean;
}

/** A physical quantity by which the tasks of a suite differ, such as the length of a pole. */
export interface TaskParameter extends Channel {
  /** That of this task. */
  readonly value: number;
  /** Smallest and largest value that the suite is about; the same in all its tasks. */
  readonly low: number;
  readonly high: number;
  /** On which scale equal steps change the dynamics about equally. */
  readonly scale: "linear" | "log";
}

/** One task of a suite: what the robot sees, does and is paid for. */
export interface Task {
  /** Unique within its suite, e.g. `left100-right500`. */
  readonly name: string;
  readonly spec: TaskSpec;
  /**
   * Where nothing but the values of some physical quantities tells the tasks of a suite apart: those quantities, the same ones in every
   * task. From them a task that was never learned can be given a model, see `evaluateRunUnseen`. The robot does not see them.
   */
  readonly parameters?: readonly TaskParameter[];
  /** Builds the physical side; every call gives a new one. `initPhysics` must have finished. */
  createScene(): Scene;
  /**
   * Builds the physical side for learning, where `loop.learningStarts` asks for it: like `createScene`, but its `reset`
   * draws from more states than the task's own starts, so that the task is met from many. Snapshots of both fit both.
   * A run is never evaluated with it while it learns; `hypercrl evaluate --starts varied` does so afterwards.
   */
  createLearningScene?(): Scene;
  /** Reward of a transition, shape `[..., 1]`: one definition for environment and planner. */
  reward<T>(ops: Ops<T>, transition: Transition<T>): T;
  /**
   * Ends an episode by itself: a value of shape `[..., 1]` that is above 0 where an observation `[..., X]` is one after
   * which nothing follows, such as that of a pole that has fallen. The step that leads there is still paid for. One
   * definition for environment and planner, like the reward; without it every episode lasts `spec.episodeSteps`. It
   * must not be above 0 at a start.
   */
  terminated?<T>(ops: Ops<T>, observation: T): T;
  /** True when `measure()` says that the goal is reached. */
  succeeded(measures: Readonly<Record<string, number>>): boolean;
  /** What logs and tables count beside success; no method learns from it. */
  readonly outcomes?: readonly NamedOutcome[];
  /** For drawing plans; without it a plan's numbers are recorded alone. */
  readonly landmarks?: Landmarks;
}

/** Tasks that are learned one after another, in this order. */
export interface TaskSuite {
  readonly name: string;
  readonly description: string;
  readonly tasks: readonly Task[];
  /** What it changes of the settings that a profile starts from, e.g. `{ quick: ["planner.horizon=10"] }`. */
  readonly defaults?: ProfileDefaults;
  /**
   * What the oracle, which plans through the tasks' own simulator, shall plan with instead of its defaults: assignments such
   * as `planner.horizon=10` and `planner.holdReward=true`.
   */
  readonly oracle?: readonly string[];
}

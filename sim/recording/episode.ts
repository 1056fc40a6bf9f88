import type { Channel } from "../task.js";
import type { TaskSwitch } from "./task-switch.js";

/** Who and what an episode was recorded for. Holds no clock time: the same episode gives the same bytes. */
export interface EpisodeHeader {
  readonly suite: string;
  /** That of the first step. */
  readonly task: string;
  readonly taskIndex: number;
  /**
   * What chose the actions: random exploration, planning while training, or an evaluation. A learning episode that went from
   * random exploration to planning has the first, `random`.
   */
  readonly phase: "random" | "train" | "evaluate";
  /** How many steps had random actions, where it was begun with them and went on with planning. */
  readonly randomSteps?: number;
  /**
   * Of a learning episode whose task the agent was not told: which of the tasks that it had found it believed in, 0-based, and for how
   * many steps, one stretch after the other.
   */
  readonly believed?: readonly { readonly found: number; readonly steps: number }[];
  /** Where the task changed within the episode, one change after the other. */
  readonly switches?: readonly TaskSwitch[];
  /** Steps after which it ended at the latest, where those are fewer than the task's. */
  readonly episodeSteps?: number;
  /**
   * Visits that had begun when this was recorded, less one; -1 before the first. Where every task is visited once, in the order of the
   * suite, it is the index of the last task begun.
   */
  readonly afterTask: number;
  /** The same number, where tasks are visited in another way than once in the order of the suite. */
  readonly visit?: number;
  /** Seed given to `Environment.reset`. */
  readonly seed: number;
  /**
   * What the start was drawn from: of a learning episode, where `loop.learningStarts` is not `shared`; of an evaluation, where
   * it was from varied starts.
   */
  readonly starts?: "seeded" | "varied";
  readonly settingsHash: string;
  readonly versions: { readonly hypercrl: string; readonly physics: string; readonly node?: string };
}

/** An episode summed up. */
export interface EpisodeTotals {
  readonly steps: number;
  /** Sum of the rewards in step order, float64. */
  readonly return: number;
  /** `Task.succeeded` on the last step's measures. */
  readonly success: boolean;
  /** Present if the episode ended by itself, with its last step. */
  readonly terminated?: true;
}

/** The parts of `TaskSpec` that give a recording's numbers their names and units. */
export interface EpisodeSpec {
  readonly observation: readonly Channel[];
  readonly action: readonly Channel[];
  /** s */
  readonly controlPeriod: number;
}

/** One control step of a recorded episode. */
export interface EpisodeStep {
  /** `[U]` */
  readonly action: Float32Array;
  /** `[X]`, after the action. */
  readonly observation: Float32Array;
  readonly reward: number;
  /** Sum of the rewards up to and with this step. */
  readonly returnSoFar: number;
  /** The episode ended by itself with this step. */
  readonly terminated: boolean;
  /** The episode ended with this step because its steps were made. */
  readonly truncated: boolean;
  /** `Scene.measure()` after the action; NaN for what was not finite. */
  readonly measures: Readonly<Record<string, number>>;
  /** SHA-256 (hex) of the scene's snapshot after the action: every 10 steps and at the episode's end. */
  readonly stateHash?: string | undefined;
}

/** Where a plan and others that were considered lead, by the model that they were made with. */
export interface Forecast {
  /** Observations after each step of the sequence whose first action is executed, `[H, X]`. */
  readonly chosen: Float32Array;
  /** The same of K others, the best first, `[K, H, X]`. */
  readonly others: Float32Array;
}

/** The way of a task's landmark along a sequence of actions. */
export interface PlannedPath {
  readonly landmark: string;
  /** Of the sequence whose first action is executed. */
  readonly chosen: boolean;
  /** From the present on, up to H + 1 positions (m), `[n, 3]`. */
  readonly points: Float32Array;
}

/** A recorded plan. */
export interface EpisodePlan {
  /** The step that was made by it, 1 the first. */
  readonly step: number;
  /** Expected observations after that step and later ones, `[h, X]`; h is H unless the prediction stops being finite. */
  readonly expected: Float32Array;
  readonly paths: readonly PlannedPath[];
}

/** The state that an episode starts from. */
export interface EpisodeStart {
  /** `[X]` */
  readonly observation: Float32Array;
  readonly measures: Readonly<Record<string, number>>;
  readonly stateHash: string;
}

import type { PlannerState } from "../planners/types.js";
import type { SavedFoundTasks } from "./discovery/found-tasks.js";
import type { SavedDiscovery } from "./discovery/saved-discovery.js";
import type { LearnerState, TrainingReport } from "./learner.js";
import type { Normalizer, NormalizerArrays } from "./model/normalizer.js";
import type { ReplayBuffer } from "./model/replay-buffer.js";

/** The data and running statistics of the task being learned, dropped at its end. */
export interface TaskData {
  readonly buffer: ReplayBuffer;
  readonly moments: Normalizer;
}

/** A training session that has been started. */
export interface TrainingSession {
  /** Normaliser of the data it learns from. */
  readonly normalizer: NormalizerArrays;
  readonly report: Promise<TrainingReport>;
}

/** What outlives a task. It changes with training sessions and at the end of a task, and at no other time that a state is saved. */
export interface LearnedState {
  readonly learner: LearnerState;
  /** Per task begun, in the order of their first visits, as of the last training session of that visit. */
  readonly normalizers: readonly NormalizerArrays[];
  /**
   * Per task that has ended, in the same order, how far its model was off when it did so last, `[X]`; missing of tasks that an
   * earlier version ended.
   */
  readonly residualScales: readonly (Float32Array | undefined)[];
  /** Where the agent is not told which task it faces. */
  readonly found?: SavedFoundTasks;
}

/** What exists only while a task is being learned. */
export interface TaskState extends TaskData {
  readonly planner: PlannerState;
  /**
   * Whether what was learned is saved as it is within this task. Until the task's first training session it is that of before
   * the task, since beginning the task once more gives the rest.
   */
  readonly trained: boolean;
  /** Where the agent is not told which task it faces. */
  readonly discovery?: SavedDiscovery;
}

/** Everything the agent needs to continue bit by bit. */
export interface AgentState {
  /** Undefined while it is what a new agent begins with. */
  readonly learned: LearnedState | undefined;
  readonly current: TaskState | undefined;
}

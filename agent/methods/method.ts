import type { Learner, LearnerOptions } from "../learner.js";
import type { MlpShape } from "../model/dynamics.js";
import type { Settings } from "../settings/schema.js";

/**
 * A way to learn one task after another, with all that the rest of the program must know of it. To add one, write a
 * file that exports it and list it in `registry.ts`.
 */
export interface Method {
  /** What `settings.method` and `--method` call it. */
  readonly name: string;
  /** What it does, in one line for help and docs. */
  readonly summary: string;
  /** What it changes of a profile: `name=value` assignments, applied after the suite's and before the user's. */
  readonly defaults?: Readonly<Partial<Record<Settings["profile"], readonly string[]>>>;
  /** Whether the fused kernel makes its minibatches where the machine and `training.engine` allow it; default no. */
  readonly trainsWithKernel?: boolean;
  /**
   * The network whose weights its learner gives for a task, when that is not the configured one.
   * @param dynamics as configured
   * @param task 0-based
   */
  networkShape?(dynamics: MlpShape, task: number): MlpShape;
  /** A learner that has not begun any task. */
  create(options: LearnerOptions, settings: Settings): Learner;
}

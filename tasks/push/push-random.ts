import { Rng } from "../../sim/core/rng.js";
import type { TaskSuite } from "../../sim/task.js";
import type { BlockDensities } from "./layout.js";
import { createPushTask, DENSITY_RANGE, PUSH_DEFAULTS, PUSH_ORACLE } from "./push.js";

const DEFAULT_SEED = 20;

/** Which random push tasks to make. */
export interface PushRandomOptions {
  /** Number of tasks. */
  readonly count: number;
  /** Other seeds give other tasks; default that of the suite that comes with the package. */
  readonly seed?: number;
}

/**
 * Push tasks with random block densities, for growth curves: those of the halves are drawn uniformly from the range of the published
 * tasks, whole kg/m³. Task i depends on the seed and i alone, so the first tasks
 * are the same for every count.
 */
export function createPushRandomSuite({ count, seed = DEFAULT_SEED }: PushRandomOptions): TaskSuite {
  const rng = Rng.fromSeed(seed).split("push-random");
  const { low, high } = DENSITY_RANGE;
  const density = () => low + rng.integer(high - low + 1);
  const drawn = new Map<string, BlockDensities>();
  while (drawn.size < count) {
    const densities: BlockDensities = [density(), density()];
    // A pair drawn before is passed over: names of tasks are unique.
    if (!drawn.has(densities.join("-"))) drawn.set(densities.join("-"), densities);
  }
  return {
    name: "push-random",
    description: `The push task with random block densities of ${low} to ${high} kg/m³; ${count} tasks`,
    tasks: [...drawn.values()].map((densities) => createPushTask(densities)),
    defaults: PUSH_DEFAULTS,
    oracle: PUSH_ORACLE,
  };
}

export const pushRandomSuite: TaskSuite = createPushRandomSuite({ count: 20 });

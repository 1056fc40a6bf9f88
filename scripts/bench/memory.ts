import { Environment } from "../../sim/environment.js";
import type { Task } from "../../sim/task.js";

export interface MemoryFigures {
  readonly episodes: number;
  readonly stepsPerEpisode: number;
  /** Episodes before the first reading, so that the engines have reached their size. */
  readonly warmUp: number;
  readonly startMb: number;
  /** Resident memory at the end less at the start. */
  readonly growthMb: number;
}

const STEPS = 10;
const WARM_UP = 200;

/** Resident memory of the process over many short episodes, each with a reset. */
export function benchMemory(task: Task, episodes: number): MemoryFigures {
  const environment = new Environment(task);
  const action = task.spec.action.map(() => 0.5);
  const run = (count: number) => {
    for (let k = 0; k < count; k++) {
      environment.reset(k);
      for (let i = 0; i < STEPS; i++) environment.step(action);
    }
  };
  run(WARM_UP);
  const startMb = process.memoryUsage().rss / 1e6;
  run(episodes);
  const growthMb = process.memoryUsage().rss / 1e6 - startMb;
  environment.close();
  return { episodes, stepsPerEpisode: STEPS, warmUp: WARM_UP, startMb, growthMb };
}

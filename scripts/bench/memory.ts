import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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
const WARM_UP = 1000;

/** Resident memory after a full collection: garbage that V8 has not yet cared to collect is no leak. */
async function residentMb(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await setImmediate();
  }
  return process.memoryUsage().rss / 1e6;
}

/** Resident memory of the process over many short episodes, each with a reset. */
export async function benchMemory(task: Task, episodes: number): Promise<MemoryFigures> {
  const environment = new Environment(task);
  const action = task.spec.action.map(() => 0.5);
  const run = async (count: number) => {
    for (let k = 0; k < count; k++) {
      environment.reset(k);
      for (let i = 0; i < STEPS; i++) environment.step(action);
      // As in a run: the garbage collector frees engine objects only when the event loop gets a turn.
      await setImmediate();
    }
  };
  await run(WARM_UP);
  const startMb = await residentMb();
  await run(episodes);
  const growthMb = (await residentMb()) - startMb;
  environment.close();
  return { episodes, stepsPerEpisode: STEPS, warmUp: WARM_UP, startMb, growthMb };
}

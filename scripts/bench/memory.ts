import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { firstOf } from "../../sim/core/element.js";
import { Environment } from "../../sim/environment.js";
import { initPhysics } from "../../sim/world.js";
import { findSuite } from "../../tasks/registry.js";
import { named, type Section } from "./result.js";

const STEPS = 10;
const EPISODES = 1000;
/** Episodes before the first reading, so that the engines have reached their size. */
const WARM_UP = 1000;

/** Resident memory after a full collection: garbage that V8 has not yet cared to collect is no leak. */
export async function residentMb(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await setImmediate();
  }
  return process.memoryUsage().rss / 1e6;
}

/** Resident memory of the process over many short push episodes, each with a reset. */
export async function benchMemory(): Promise<Section> {
  await initPhysics();
  const task = firstOf(findSuite("push").tasks, "tasks");
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
  await run(EPISODES);
  const growthMb = (await residentMb()) - startMb;
  environment.close();
  return section(startMb, growthMb);
}

function section(startMb: number, growthMb: number): Section {
  const row = {
    what: `resident memory over ${EPISODES} push episodes of ${STEPS} steps`,
    figure: `${growthMb.toFixed(1)} MB grown`,
    against: `${startMb.toFixed(0)} MB after ${WARM_UP} episodes`,
    ratio: (growthMb / startMb).toFixed(3),
  };
  const figures = named("memory.episodes", {
    start: [startMb, "MB"],
    growth: [growthMb, "MB"],
    growthShare: [growthMb / startMb, "share"],
  });
  return { figures, rows: [row] };
}

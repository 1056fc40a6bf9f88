import { TaskSimulator } from "../../agent/rollout/simulator-rollouts.js";
import {
  type SharedSimulatorArrays,
  type SimulatorMessage,
  type SimulatorParameters,
  sequencesOf,
} from "../../agent/rollout/simulator-threads.js";
import { member, serve } from "../../agent/threads/serve.js";
import { elementAt } from "../../sim/core/element.js";
import type { TaskSuite } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { findSuite } from "../../tasks/registry.js";
import type { SuiteAddress } from "./open-oracle.js";

/** The suite, in this thread: scenes cannot be handed from one to another. */
async function loadSuite({ name, url }: SuiteAddress): Promise<TaskSuite> {
  await initPhysics();
  if (url === undefined) return findSuite(name);
  // The main thread has checked what it exports.
  return ((await import(url)) as { readonly default: TaskSuite }).default;
}

const suite = await loadSuite(member.data as SuiteAddress);
let simulator: TaskSimulator | undefined;
let shared: SharedSimulatorArrays | undefined;

function onMessage(message: SimulatorMessage): void {
  if (message.type === "share") {
    shared = message.arrays;
    return;
  }
  simulator?.close();
  const { index, horizon, holdReward } = message;
  simulator = new TaskSimulator({ task: elementAt(suite.tasks, index, "tasks"), horizon, holdReward });
}

function onChunk(chunk: number, parameters: readonly number[]): void {
  const [samples, bytes, stepsDone, chunks] = parameters as SimulatorParameters;
  const { scene, actions, costs } = shared!;
  // A copy of its own: neither the checksum nor the engine takes shared memory.
  const state = { scene: scene.slice(0, bytes), stepsDone };
  const { from, to } = sequencesOf(chunk, chunks, samples);
  for (let n = from; n < to; n++) costs[n] = simulator!.cost(state, actions, samples, n);
}

await serve({ message: (message) => onMessage(message as SimulatorMessage), chunk: onChunk });

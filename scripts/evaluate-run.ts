import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Agent } from "../agent/agent.js";
import { readCheckpoint } from "../agent/checkpoint.js";
import { EVALUATION_SEED } from "../agent/loop.js";
import type { MpcPolicy } from "../agent/policy.js";
import { hashSettings, readSettings } from "../agent/run-store.js";
import { parseSettings, type Settings } from "../agent/settings.js";
import { InputError, UsageError } from "../sim/core/errors.js";
import { Rng } from "../sim/core/rng.js";
import { Environment } from "../sim/environment.js";
import type { Task, TaskSuite } from "../sim/task.js";
import { initPhysics } from "../sim/world.js";
import { createRegistry } from "../tasks/registry.js";
import { chooseCompute } from "./compute.js";
import { suiteFrom } from "./suite-file.js";
import { defaultRegistry, suiteOfRun } from "./suites.js";

export interface EvaluateOptions {
  /** Use the state after this many tasks; default the last one saved. */
  readonly afterTask?: number;
  /** Episodes per task; default as in the run. */
  readonly episodes?: number;
  /** Seed of starts and planner noise; default the run's own, which repeats its evaluation exactly. */
  readonly seed?: number;
  /** Planner settings that replace the run's own. */
  readonly planner?: Partial<Settings["planner"]>;
  /** The suite, or the path of the module that exports it, when it is not registered. */
  readonly suite?: string | TaskSuite;
  /** Threads that plan together; results do not depend on it. Default: the machine's cores, at most 4. */
  readonly threads?: number;
  /** Told of what works less well than it should. */
  readonly onWarning?: (text: string) => void;
  readonly onEpisode?: (task: string, episode: EvaluatedEpisode) => void;
  readonly signal?: AbortSignal;
}

export interface EvaluatedEpisode {
  readonly return: number;
  readonly success: boolean;
  readonly measures: Readonly<Record<string, number>>;
}

export interface TaskEvaluation {
  readonly task: string;
  readonly episodes: readonly EvaluatedEpisode[];
}

export interface RunEvaluation {
  readonly folder: string;
  /** Tasks learned by the state that was evaluated. */
  readonly afterTask: number;
  /** False when the signal stopped it; tasks then hold what was measured. */
  readonly complete: boolean;
  readonly tasks: readonly TaskEvaluation[];
}

/**
 * Evaluates a saved state of a run on every task it has learned; changes nothing in the run folder.
 * @throws InputError when there is no such state or it is damaged, UsageError when a number is out of range
 */
export async function evaluateRun(folder: string, options: EvaluateOptions = {}): Promise<RunEvaluation> {
  await initPhysics();
  const settings = readSettings(folder);
  const registry =
    options.suite === undefined ? defaultRegistry : createRegistry([await suiteFrom(options.suite)]);
  const suite = suiteOfRun(folder, settings, registry);
  const afterTask = savedTask(folder, options.afterTask);
  const path = join(folder, "checkpoints", `task-${afterTask}.json`);
  const checkpoint = readCheckpoint(path, hashSettings(settings), settings, suite.tasks[0].spec);
  const { episodes = settings.loop.evaluationEpisodes, seed, signal, onEpisode } = options;
  const tasks = suite.tasks.slice(0, settings.tasks);
  const compute = chooseCompute(settings, options.threads, options.onWarning ?? (() => {}));
  const planner = { ...settings.planner, ...options.planner };
  const planning = parseSettings({ ...settings, planner }, "the planner settings");
  const agent = new Agent(tasks, planning, Rng.fromSeed(settings.seed).split("agent"), compute);
  try {
    await agent.restore(checkpoint.agent, afterTask - 1);
    const rng = Rng.fromSeed(seed ?? settings.seed);
    const out: { task: string; episodes: EvaluatedEpisode[] }[] = [];
    for (const [j, task] of tasks.slice(0, afterTask).entries()) {
      const stream = (k: number) => rng.split(`evaluate/${afterTask - 1}/${j}/${k}`);
      const policy = await agent.policyFor(j, stream(0));
      const done: EvaluatedEpisode[] = [];
      out.push({ task: task.name, episodes: done });
      const measure = { task, policy, stream, episodes, firstSeed: seed ?? EVALUATION_SEED, signal };
      for await (const episode of runEpisodes(measure)) {
        done.push(episode);
        onEpisode?.(task.name, episode);
      }
      await policy.release();
      if (signal?.aborted) break;
    }
    return { folder, afterTask, complete: !signal?.aborted, tasks: out };
  } finally {
    await agent.release();
  }
}

interface Measurement {
  readonly task: Task;
  readonly policy: MpcPolicy;
  readonly stream: (episode: number) => Rng;
  readonly episodes: number;
  readonly firstSeed: number;
  readonly signal: AbortSignal | undefined;
}

/** Whole episodes only: the one that the signal interrupts is dropped. */
async function* runEpisodes(m: Measurement): AsyncGenerator<EvaluatedEpisode> {
  const environment = new Environment(m.task);
  try {
    for (let k = 0; k < m.episodes; k++) {
      m.policy.startEpisode(m.stream(k));
      let observation = environment.reset(m.firstSeed + k);
      let sum = 0;
      for (let over = false; !over; ) {
        const result = environment.step(await m.policy.act(observation));
        if (m.signal?.aborted) return;
        observation = result.observation;
        sum += result.reward;
        over = result.terminated || result.truncated;
      }
      const measures = environment.scene.measure();
      yield { return: sum, success: m.task.succeeded(measures), measures };
    }
  } finally {
    environment.close();
  }
}

/** Checks that the state after `wanted` tasks was saved; default the last one. */
function savedTask(folder: string, wanted: number | undefined): number {
  const states = join(folder, "checkpoints");
  const saved = (existsSync(states) ? readdirSync(states) : [])
    .map((name) => Number(/^task-(\d+)\.json$/.exec(name)?.[1]))
    .filter((n) => Number.isInteger(n))
    .sort((a, b) => a - b);
  if (saved.length === 0) {
    throw new InputError({
      what: `Run ${folder} has no state to evaluate`,
      expected: `${states}/task-1.json, which is written when the first task is learned`,
      todo: `Continue the run with \`hypercrl train --resume ${folder}\``,
    });
  }
  if (wanted === undefined) return saved[saved.length - 1];
  if (saved.includes(wanted)) return wanted;
  throw new UsageError({
    what: `Run ${folder} has no state after task ${wanted}`,
    expected: `one of ${saved.join(", ")}`,
  });
}

import { createRequire } from "node:module";
import { join } from "node:path";
import { partsOf } from "../../agent/catalog.js";
import { type Recordings, Stopped } from "../../agent/episode-run.js";
import {
  evaluateRandomPolicy,
  type FinishedEpisode,
  playOracle,
} from "../../agent/evaluation/evaluate-task.js";
import { startsNote } from "../../agent/evaluation/evaluation-starts.js";
import { OraclePolicy } from "../../agent/evaluation/oracle-policy.js";
import { LocalSimulator, TaskSimulator } from "../../agent/rollout/simulator-rollouts.js";
import { SimulatorThreads } from "../../agent/rollout/simulator-threads.js";
import { recordingOrigin } from "../../agent/run/origin.js";
import { makeFolder } from "../../sim/core/files.js";
import { Rng } from "../../sim/core/rng.js";
import type { Task } from "../../sim/task.js";
import { initPhysics } from "../../sim/world.js";
import { defaultThreads } from "../runs/compute.js";
import { checkPlansRecordable } from "../runs/plan-recordings.js";
import { currentVersions } from "../runs/versions.js";
import { checkNewFolder } from "./evaluate-run.js";
import { type OpenedOracle, openOracle, type SuiteAddress } from "./open-oracle.js";
import type { OracleEpisode, OracleEvaluation, OracleOptions } from "./oracle-evaluation.js";

/**
 * Measures on every task of a suite what planning through the task's own simulator reaches, and the random policy. Nothing is
 * learned. What a planner reaches in finite time is a lower bound of what planning can reach. The same seed gives the same
 * figures with any number of threads.
 * @throws UsageError for options that cannot be, InputError for a run or suite that cannot be used
 */
export async function evaluateOracle(options: OracleOptions): Promise<OracleEvaluation> {
  await initPhysics();
  checkNewFolder(options.recordings);
  const opened = await openOracle(options);
  const { suite, tasks, episodes, seed, starts, planner, settings, given, address } = opened;
  if (options.recordings !== undefined) {
    await checkPlansRecordable(tasks, { planner });
    makeFolder(options.recordings);
  }
  const note = startsNote(starts);
  options.onStart?.({ suite, tasks, episodes, seed, ...note, planner });
  const { hypercrl, physics } = currentVersions();
  const own = partsOf(given.catalog, settings).planner;
  const team = threadsFor(address, options.threads);
  const out: { task: string; random: OracleEpisode[]; oracle: OracleEpisode[] }[] = [];
  try {
    for (const [taskIndex, task] of tasks.entries()) {
      const measured = { task: task.name, random: [] as OracleEpisode[], oracle: [] as OracleEpisode[] };
      out.push(measured);
      await measureTask(measured, task, taskIndex, { opened, options, own, team });
      if (options.signal?.aborted) break;
    }
  } finally {
    await team?.close();
  }
  return {
    ...{ suite, episodes, seed, ...note, planner },
    plannerFields: Object.keys(own.settings),
    ...(starts.kind === "published" && { firstStart: starts.seed }),
    record: opened.record,
    versions: { hypercrl, physics },
    complete: !options.signal?.aborted,
    tasks: out,
  };
}

function threadsFor(
  address: SuiteAddress | undefined,
  threads = defaultThreads(),
): SimulatorThreads | undefined {
  if (address === undefined || threads === 1) return undefined;
  // Workers run the build also where sources are loaded as TypeScript.
  const file = createRequire(import.meta.url).resolve("#dist/scripts/evaluate/oracle-worker.js");
  return SimulatorThreads.create(file, address, threads);
}

interface Measuring {
  readonly opened: OpenedOracle;
  readonly options: OracleOptions;
  readonly own: ReturnType<typeof partsOf>["planner"];
  readonly team: SimulatorThreads | undefined;
}

/** Fills in the episodes of a task; the one that the signal interrupts is dropped. */
async function measureTask(
  measured: { readonly random: OracleEpisode[]; readonly oracle: OracleEpisode[] },
  task: Task,
  taskIndex: number,
  { opened, options, own, team }: Measuring,
): Promise<void> {
  const { planner, episodes, seed, starts, settings } = opened;
  const { signal, recordings: folder } = options;
  const shared = {
    task,
    taskIndex,
    episodes,
    rng: Rng.fromSeed(seed),
    starts,
    stopRequested: () => signal?.aborted === true,
  };
  const { horizon, holdReward } = planner;
  const simulator = new TaskSimulator({ task, horizon, holdReward });
  const policy = new OraclePolicy(
    task,
    planner,
    own,
    team?.open(taskIndex, horizon, holdReward, simulator) ?? new LocalSimulator(simulator),
  );
  const recordings: Recordings | undefined =
    folder === undefined
      ? undefined
      : { folder, origin: recordingOrigin(settings, currentVersions()), plans: true };
  const onStep = (episode: number, step: number) => options.onStep?.(task.name, episode, step);
  try {
    for await (const { outcome } of evaluateRandomPolicy({ ...shared, recordings: undefined })) {
      measured.random.push(outcome);
    }
    for await (const finished of playOracle(policy, { ...shared, recordings }, onStep)) {
      const episode = recorded(finished, folder);
      measured.oracle.push(episode);
      options.onEpisode?.(task.name, episode);
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    simulator.close();
  }
}

function recorded({ outcome, file }: FinishedEpisode, folder: string | undefined): OracleEpisode {
  return { ...outcome, ...(folder !== undefined && { recording: join(folder, file) }) };
}

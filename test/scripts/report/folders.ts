import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LOG_VERSION, type MetricsRecord, metricsSchema } from "../../../agent/run/records.js";
import type { TimingRecord } from "../../../agent/run/timing-records.js";
import { evaluatedTasks } from "../../../agent/settings/evaluated-tasks.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import type { Settings } from "../../../agent/settings/schema.js";
import { builtinCatalog } from "../../../scripts/parts/catalog.js";
import { addRuns, emptyManifest } from "../../../scripts/sweep/manifest.js";
import { writeManifest } from "../../../scripts/sweep/manifest-file.js";
import { baseOf, runId } from "../../../scripts/sweep/plan.js";
import { runFolder } from "../../../scripts/sweep/run-folders.js";
import { elementAt } from "../../../sim/core/element.js";
import { pushSuite } from "../../../tasks/push/push.js";
import {
  baselineRecord,
  episodeRecord,
  evaluationRecord,
  keptRecord,
  modelErrorRecord,
  planningTime,
  trainingRecord,
  trainingTime,
  usageRecord,
} from "../../agent/run/make-records.js";

/** What a made-up run folder says; two tasks unless named otherwise. */
export interface MadeRun {
  readonly method: Settings["method"];
  readonly seed: number;
  readonly suite?: string;
  readonly tasks?: readonly string[];
  /** Tasks learned and evaluated; default all, which is a finished run. */
  readonly learned?: number;
  /** Added to every return but the random policy's. */
  readonly offset?: number;
  readonly loop?: Partial<Settings["loop"]>;
  readonly planner?: Settings["planner"]["name"];
  /** False of a run of a version that did not note them. */
  readonly modelErrors?: boolean;
  /** Whether the tasks name an outcome, `passed`: those whose return is above 100. */
  readonly outcomes?: boolean;
}

const VERSIONS = { hypercrl: "0.1.0", physics: "rapier 1", node: "v20.19.0", onnxruntime: "1.0.0" };
export const EPISODE_STEPS = 100;

/** Settings of a run of two random episodes, four planned ones and two sessions per task. */
function settingsOf(run: MadeRun): Settings {
  const { method, seed, suite = "push", tasks = ["a", "b"], loop, planner } = run;
  const made = { ...pushSuite, tasks: pushSuite.tasks.slice(0, tasks.length) };
  const settings = resolveSettings({ suite: made, method, profile: "quick", seed }, [], builtinCatalog);
  return {
    ...settings,
    suite,
    loop: {
      ...{ ...settings.loop, initialRandomSteps: 2 * EPISODE_STEPS, stepsPerTask: 4 * EPISODE_STEPS },
      ...{ trainEvery: 200, evaluationEpisodes: 2, learningEpisodeSteps: 0, ...loop },
    },
    planner: { ...settings.planner, name: planner ?? settings.planner.name },
  };
}

/** Return of evaluation episode k on task j after task i. */
export function evaluationReturn({ seed, offset = 0 }: MadeRun, i: number, j: number, k: number): number {
  return 100 + 20 * j - 30 * (i - j) + seed + k + offset;
}

/** A sweep of runs by label; those to be left out are listed only. */
export function makeSweep(
  folder: string,
  runs: readonly (MadeRun & { readonly label?: string; readonly begun?: boolean })[],
): string {
  const planned = runs.map((run) => {
    const [settings, label] = [settingsOf(run), run.label ?? run.method];
    return { id: runId(label, settings), label, settings };
  });
  const base = baseOf({});
  const manifest = addRuns(emptyManifest(folder, "push", base, VERSIONS), planned);
  writeManifest(folder, manifest);
  for (const [i, run] of runs.entries()) {
    if (run.begun !== false) makeRun(runFolder(folder, planned[i]!), run);
  }
  return folder;
}

/** Writes a run folder as `hypercrl train` leaves it, without checkpoints and recordings. */
export function makeRun(folder: string, run: MadeRun): string {
  const settings = settingsOf(run);
  const { tasks = ["a", "b"], learned = tasks.length } = run;
  mkdirSync(folder, { recursive: true });
  const json = (name: string, value: object) => writeFileSync(join(folder, name), JSON.stringify(value));
  const lines = (name: string, records: readonly object[]) =>
    writeFileSync(join(folder, name), records.map((r) => `${JSON.stringify(r)}\n`).join(""));
  json("settings.json", settings);
  json("versions.json", VERSIONS);
  const head = { type: "log", version: LOG_VERSION };
  const metrics = metricsOf(run, settings).map((record) => metricsSchema.encode(record));
  lines("metrics.jsonl", [head, ...metrics]);
  lines("timing.jsonl", [head, ...timingsOf(settings, learned)]);
  const random = tasks.map((_, j) => [j, j + 2]);
  const returns = tasks.slice(0, learned).map((_, i) => {
    const evaluated = evaluatedTasks(settings, i);
    const found = (j: number) => [0, 1].map((k) => evaluationReturn(run, i, j, k));
    return tasks.slice(0, i + 1).map((_, j) => (evaluated.includes(j) ? found(j) : []));
  });
  json("evaluation.json", { definition: "", tasks, random, returns });
  return folder;
}

function metricsOf(run: MadeRun, settings: Settings): MetricsRecord[] {
  const { seed, tasks = ["a", "b"], learned = tasks.length, offset = 0 } = run;
  const outcome = (value: number, recording: string) => ({
    ...{ return: value, success: value > 110, measures: { errorMm: 200 - value } },
    ...(run.outcomes && { outcomes: { passed: value > 100 } }),
    recording: `episodes/${recording}.mcap`,
  });
  const label = (n: number) => String(n + 1).padStart(2, "0");
  const baseline = tasks.flatMap((task, j) =>
    [0, 1].map((k) =>
      baselineRecord({
        ...{ task, taskIndex: j, episode: k },
        ...outcome(j + 2 * k, `baseline-${label(j)}-${label(k)}`),
      }),
    ),
  );
  const { initialRandomSteps, stepsPerTask, trainEvery } = settings.loop;
  const learning = tasks.slice(0, learned).flatMap((task, i) => {
    const records: MetricsRecord[] = [];
    for (let steps = EPISODE_STEPS; steps <= initialRandomSteps + stepsPerTask; steps += EPISODE_STEPS) {
      const episode = steps / EPISODE_STEPS - 1;
      const planned = steps - EPISODE_STEPS - initialRandomSteps;
      const phase = planned < 0 ? "random" : "train";
      if (planned >= 0 && planned % trainEvery === 0) {
        const losses = { taskLoss: 1 / (1 + planned), regularizer: i * 0.01 };
        records.push(trainingRecord({ taskIndex: i, steps: steps - EPISODE_STEPS, ...losses }));
      }
      const value = phase === "random" ? seed : 10 * episode + seed + offset;
      records.push(
        episodeRecord({
          ...{ phase, task, taskIndex: i, episode, steps },
          ...outcome(value, `${label(i)}-${phase}-${label(episode)}`),
        }),
      );
    }
    records.push(keptRecord({ task, taskIndex: i }));
    const evaluated = evaluatedTasks(settings, i).flatMap((j) => {
      const name = elementAt(tasks, j, "tasks");
      return [
        ...[0, 1].map((k) =>
          evaluationRecord({
            ...{ afterTask: i, task: name, taskIndex: j, episode: k },
            ...outcome(evaluationReturn(run, i, j, k), `${label(i)}-evaluate-${label(j)}-${label(k)}`),
          }),
        ),
        ...(run.modelErrors === false ? [] : [modelErrorOf(run, i, j, name)]),
      ];
    });
    return [...records, ...evaluated];
  });
  return [...baseline, ...learning];
}

/** At 10 steps 10 mm and 1 mm more for each seed, twice as much after each task that follows; in m/s not finite. */
function modelErrorOf({ seed }: MadeRun, afterTask: number, taskIndex: number, task: string) {
  const horizons = [1, 5, 10, 20];
  const model = horizons.map((steps) => ((steps + seed) / 1000) * 2 ** (afterTask - taskIndex));
  const unchanged = horizons.map((steps) => steps / 20);
  const none = horizons.map(() => Number.NaN);
  const errors = [
    { unit: "m", model, unchanged },
    { unit: "m/s", model: none, unchanged: none },
  ];
  return modelErrorRecord({ afterTask, task, taskIndex, leftOut: [0, 0, 0, seed], errors });
}

/** Sessions of 3 s, 120 ms of planning for each of an episode's actions, 90 s in all. */
function timingsOf(settings: Settings, learned: number): TimingRecord[] {
  const { initialRandomSteps, stepsPerTask } = settings.loop;
  const tasks = Array.from({ length: learned }, (_, taskIndex) => taskIndex);
  const sessions = tasks.flatMap((taskIndex) =>
    [0, 200].map((planned) =>
      trainingTime({ taskIndex, steps: initialRandomSteps + planned, ms: 3000, waitedMs: 3000 }),
    ),
  );
  const planning = tasks.flatMap((taskIndex) =>
    Array.from({ length: stepsPerTask / EPISODE_STEPS }, (_, k) =>
      planningTime({
        taskIndex,
        steps: initialRandomSteps + (k + 1) * EPISODE_STEPS,
        actions: EPISODE_STEPS,
        ms: 1200,
      }),
    ),
  );
  return [...sessions, ...planning, usageRecord({ wallMs: 90_000, cpuMs: 80_000, peakMiB: 200 })];
}

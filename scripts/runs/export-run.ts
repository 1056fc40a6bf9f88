import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { dynamicsGraph } from "../../agent/dynamics-export.js";
import { encodeModel } from "../../agent/graph/encode.js";
import type { TaskDynamics } from "../../agent/model/dynamics.js";
import { StateSpec } from "../../agent/model/model-state.js";
import { hashSettings } from "../../agent/run/origin.js";
import { metricsPath, readMetrics } from "../../agent/run/read-log.js";
import type { Settings } from "../../agent/settings/schema.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { HyperCrlError, RunError, UsageError } from "../../sim/core/errors.js";
import { writeFileSafely } from "../../sim/core/files.js";
import { Rng } from "../../sim/core/rng.js";
import { readEpisode } from "../../sim/recording/reader.js";
import type { Task } from "../../sim/task.js";
import {
  compareModels,
  ExportedModel,
  LARGEST_DIFFERENCE,
  randomInputs,
  type StateAction,
} from "./export-check.js";
import { openSavedState, type SavedState, type SavedStateOptions } from "./saved-state.js";
import { currentVersions } from "./versions.js";

/** What `exportRun` writes, and where. */
export interface ExportOptions extends SavedStateOptions {
  /** New file for the model. */
  readonly onnx: string;
}

/** How one task's dynamics in the file compare with the planner's. */
export interface TaskExport {
  readonly task: string;
  /** How many inputs the file was checked on. */
  readonly random: number;
  readonly recorded: number;
  /** Between the file's and the planner's next states; of values above 1 in size relative to that. */
  readonly largestDifference: number;
}

/** The file that `exportRun` wrote, and how it was checked. */
export interface ExportResult {
  readonly path: string;
  readonly bytes: number;
  /** Tasks of the model in the order of their numbers, of all that the run is to learn. */
  readonly tasks: readonly TaskExport[];
  readonly runTasks: number;
  readonly tolerance: number;
}

/** Inputs of each kind that the file is checked on, per task. */
const CHECKED = 128;

/**
 * Writes the dynamics that a run has learned as one ONNX model, `(x, u, task) → xNext`, then runs that file and
 * compares it with the planner's own model.
 * @throws UsageError when the file exists, InputError when the run has learned nothing or is damaged or the file cannot be
 *   written there, RunError when the disk is full or the file predicts something else; it is then removed
 */
export async function exportRun(folder: string, options: ExportOptions): Promise<ExportResult> {
  const { onnx: path } = options;
  if (existsSync(path)) {
    throw new UsageError({ what: `${path} exists`, expected: "a new path", todo: "Choose another --onnx" });
  }
  const { agent, settings, afterTask, tasks, indices } = await openSavedState(folder, options);
  try {
    const dynamics: TaskDynamics[] = [];
    for (const index of indices) dynamics.push(await agent.dynamicsOf(index));
    const graph = await dynamicsGraph(tasks, dynamics, settings.dynamics.history);
    const bytes = encodeModel(graph, describeModel(settings, afterTask, tasks));
    writeFileSafely(path, bytes);
    const checked = await checkFile(
      path,
      folder,
      settings.dynamics.history,
      { tasks, indices },
      dynamics,
      options.onWarning ?? (() => {}),
    );
    const base = { path, bytes: bytes.length, runTasks: settings.tasks, tolerance: LARGEST_DIFFERENCE };
    return { ...base, tasks: checked };
  } finally {
    await agent.release();
  }
}

/** Metadata of the file: names, units and origin, each value a string. */
function describeModel(
  settings: Settings,
  afterTask: number,
  tasks: readonly Task[],
): Record<string, string> {
  const { observation, action, controlPeriod, moving } = firstOf(tasks, "tasks").spec;
  const { history } = settings.dynamics;
  const { suite, method, profile, seed } = settings;
  return {
    format: "hypercrl dynamics 1",
    suite,
    tasks: JSON.stringify(tasks.map(({ name }) => name)),
    observation: JSON.stringify(observation),
    action: JSON.stringify(action),
    ...(history > 0 && { history: String(history), moving: JSON.stringify(moving) }),
    controlPeriod: String(controlPeriod),
    method,
    profile,
    seed: String(seed),
    afterTask: String(afterTask),
    settingsHash: hashSettings(settings),
    versions: JSON.stringify(currentVersions()),
  };
}

async function checkFile(
  path: string,
  folder: string,
  history: number,
  { tasks, indices }: Pick<SavedState, "tasks" | "indices">,
  dynamics: readonly TaskDynamics[],
  warn: (text: string) => void,
): Promise<TaskExport[]> {
  const model = await ExportedModel.load(readFileSync(path));
  try {
    const out: TaskExport[] = [];
    for (const [j, task] of tasks.entries()) {
      const own = elementAt(dynamics, j, "tasks");
      const states = new StateSpec(task.spec, history);
      const random = randomInputs(states.spec, own.normalizer, CHECKED, Rng.fromSeed(j));
      const recorded = recordedInputs(folder, elementAt(indices, j, "tasks"), states, warn);
      const inputs = [...random, ...recorded];
      const largestDifference = await compareModels(model, j, { task, history }, own, inputs);
      if (!(largestDifference <= LARGEST_DIFFERENCE)) throw differs(task, largestDifference);
      out.push({ task: task.name, random: random.length, recorded: recorded.length, largestDifference });
    }
    return out;
  } catch (error) {
    rmSync(path);
    throw error;
  } finally {
    await model.release();
  }
}

function differs({ name }: Task, got: number): RunError {
  return new RunError({
    what: `The exported model of task ${name} does not predict what the planner's does`,
    got: `a difference of ${got}`,
    expected: `at most ${LARGEST_DIFFERENCE}`,
    todo: "The file was removed. Report this with the run's settings.json",
  });
}

/** States and actions of a task's last episodes, as many as are still in the run folder, up to `CHECKED`. */
function recordedInputs(
  folder: string,
  task: number,
  states: StateSpec,
  warn: (text: string) => void,
): StateAction[] {
  const records = existsSync(metricsPath(folder)) ? readMetrics(folder) : [];
  const out: StateAction[] = [];
  for (const record of records.toReversed()) {
    if (out.length >= CHECKED) break;
    if (record.taskIndex !== task || !("recording" in record)) continue;
    const path = join(folder, record.recording);
    if (!existsSync(path)) continue;
    try {
      const { start, steps } = readEpisode(path);
      if (start.observation.length !== states.observationSize) continue;
      let before = states.first(start.observation);
      for (const { action, observation } of steps) {
        out.push({ x: before, u: action });
        before = states.next(before, observation);
      }
    } catch (error) {
      if (!(error instanceof HyperCrlError)) throw error;
      warn(`not used to check the model: ${error.message}`);
    }
  }
  return out.filter(({ u }) => u.length === states.taskSpec.action.length).slice(0, CHECKED);
}

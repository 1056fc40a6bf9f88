import { join } from "node:path";
import { isThere } from "../../sim/core/system-errors.js";

/** Files in the root of a run folder that are written whole. */
export const RUN_FILES = {
  settings: "settings.json",
  versions: "versions.json",
  checkpoint: "checkpoint.json",
  evaluation: "evaluation.json",
  /** What the suite was when the run began. */
  suite: "suite.json",
  /** Says that recordings hold plans. It is no setting: no other byte of a run depends on it. */
  recording: "recording.json",
} as const;

/** Whether a folder is that of a run, begun or finished. */
export function isRunFolder(path: string): boolean {
  return isThere(join(path, RUN_FILES.settings));
}

/** Logs in the root of a run folder: of what repeats with the seed, and of times. */
export const LOGS = { metrics: "metrics.jsonl", timing: "timing.jsonl" } as const;

/** What a finished run's files were: those that repeat with the seed, and times. */
export const HASHES = { repeating: "hashes.json", timing: "hashes-timing.json" } as const;

/** Folder of the states after each task. */
export const TASK_STATES = "checkpoints";

/** The curves for TensorBoard: folders of those that repeat with the seed and of times, and the file in each. */
export const CURVES = {
  repeating: "tensorboard",
  timing: "tensorboard/timing",
  /** Without time or host in its name, so that equal runs leave equal folders. */
  file: "events.out.tfevents.0.hypercrl",
} as const;

/**
 * The files that `checkpoint.json` names take turns with two names each: those of the checkpoint before are there until the new
 * one is whole, and a process killed in between leaves no name that another does not know.
 */
export const CHECKPOINT_FILES = {
  /** Arrays of what outlives a task. */
  learned: ["checkpoint-a.safetensors", "checkpoint-b.safetensors"],
  /** Arrays of the task being learned, without its transitions. */
  task: ["current-a.safetensors", "current-b.safetensors"],
  /** Transitions of the task being learned. */
  transitions: ["transitions-a.f32", "transitions-b.f32"],
} as const;

/** All these names. */
export const CHECKPOINT_NAMES: readonly string[] = Object.values(CHECKPOINT_FILES).flat();

/** The name whose turn it is. @param now the one that the checkpoint names */
export function nextName<Name extends string>(
  [first, second]: readonly [Name, Name],
  now: string | undefined,
): Name {
  return now === first ? second : first;
}

/** Names of the two files of a saved state, in one folder. */
export interface CheckpointFiles {
  readonly document: string;
  readonly arrays: string;
}

/**
 * Files of the state after a visit, 0-based, in the folder of states. They are named after how many tasks were learned until then; one
 * that is learned again counts again.
 */
export function taskStateFiles(visit: number): CheckpointFiles {
  return { document: `task-${visit + 1}.json`, arrays: `task-${visit + 1}.safetensors` };
}

/** What a message about a run's settings says. */
export const SETTINGS_ERROR = {
  expected: `${RUN_FILES.settings} as \`hypercrl train\` writes it`,
  todo: "Restore the file, or start a new run",
};

/** Whether a name is that of a file that some process has not written whole. */
export function isTemporary(name: string): boolean {
  return name.endsWith(".tmp");
}

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { InputError, UsageError } from "../../sim/core/errors.js";
import { makeFolder, writeFileSafely } from "../../sim/core/files.js";
import { problemOf } from "../../sim/core/problem.js";
import type { EpisodeHeader } from "../../sim/recording/episode.js";
import type { TaskSpec } from "../../sim/task.js";
import { ADDED_SETTINGS } from "../settings/added.js";
import { isGroup, parseSavedSettings } from "../settings/parse.js";
import type { Settings } from "../settings/schema.js";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import type { EvaluationJson } from "./evaluation-matrix.js";
import { readMetrics, timingPath } from "./read-log.js";
import { RECORDINGS } from "./recording-names.js";
import { type LogSizes, RunLog } from "./run-log.js";

/** Versions that decide a run's numbers. */
export type Versions = EpisodeHeader["versions"] & { readonly node: string; readonly onnxruntime: string };

/** Says that recordings hold plans. It is no setting: no other byte of a run depends on it. */
const PLANS_RECORDED = "recording.json";

/** SHA-256 of the settings as resolved, hexadecimal. Added ones are left out at their old value, so older runs keep their hash. */
export function hashSettings(settings: Settings): string {
  const hashed: Record<string, unknown> = { ...structuredClone(settings) };
  for (const [name, key, before] of ADDED_SETTINGS) {
    const group = hashed[name];
    if (isGroup(group) && group[key] === before) delete group[key];
  }
  return createHash("sha256").update(JSON.stringify(hashed)).digest("hex");
}

/** What every recording made with the same settings and versions says of them. */
export type RecordingOrigin = Pick<EpisodeHeader, "suite" | "settingsHash" | "versions">;

/** @param settings those that the episodes are played with */
export function recordingOrigin(settings: Settings, { hypercrl, physics }: Versions): RecordingOrigin {
  return { suite: settings.suite, settingsHash: hashSettings(settings), versions: { hypercrl, physics } };
}

/**
 * The folder of one run:
 * `settings.json`, `versions.json`, `metrics.jsonl` (same seed, same bytes), `timing.jsonl`, `tensorboard/` (the
 * same as curves), `episodes/*.mcap`, `checkpoint.json` with its arrays, `checkpoints/task-N.json` after each task,
 * `evaluation.json`, and `recording.json` when recordings hold more than steps.
 */
export class RunStore {
  readonly folder: string;
  readonly settings: Settings;
  readonly settingsHash: string;
  readonly versions: Versions;
  /** Takes what happens in the run. */
  readonly log: RunLog;
  #checkpointFiles: readonly string[] = [];

  private constructor(folder: string, settings: Settings, versions: Versions, resumeAt?: LogSizes) {
    this.folder = folder;
    this.settings = settings;
    this.settingsHash = hashSettings(settings);
    this.versions = versions;
    this.log = new RunLog(folder, settings, resumeAt);
  }

  /**
   * Makes a new run folder.
   * @param plans whether recordings of planned episodes hold the plans, now and whenever the run is continued
   * @throws UsageError when something is at that path already
   */
  static create(folder: string, settings: Settings, versions: Versions, plans = false): RunStore {
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      throw new UsageError({
        what: `Output folder ${folder} exists and is not empty`,
        got: `${readdirSync(folder).length} files or folders in it`,
        expected: "a new path",
        todo: `Choose another --out, or continue that run with \`hypercrl train --resume ${folder}\``,
      });
    }
    makeFolder(join(folder, RECORDINGS));
    writeJson(folder, "versions.json", versions);
    if (plans) writeJson(folder, PLANS_RECORDED, { plans });
    // Last, because it is what makes the folder a run that can be resumed.
    writeJson(folder, "settings.json", settings);
    return new RunStore(folder, settings, versions);
  }

  /**
   * Opens a run to continue it: logs are cut back to the checkpoint and later episodes removed, so that what
   * follows is byte for byte what an uninterrupted run writes.
   * @throws InputError when the folder is no run, is damaged, or was made by other versions
   */
  static resume(
    folder: string,
    versions: Versions,
    specOf: (settings: Settings) => TaskSpec,
  ): {
    store: RunStore;
    checkpoint: Checkpoint | undefined;
  } {
    const settings = readSettings(folder);
    checkVersions(folder, versions);
    const path = join(folder, "checkpoint.json");
    const timing = wholeLines(timingPath(folder));
    if (!existsSync(path)) {
      removeLater(folder, new Set());
      return {
        store: new RunStore(folder, settings, versions, { metrics: 0, timing }),
        checkpoint: undefined,
      };
    }
    const checkpoint = readCheckpoint(path, hashSettings(settings), settings, specOf(settings));
    const store = new RunStore(folder, settings, versions, { metrics: checkpoint.metricsBytes, timing });
    const { arrays } = JSON.parse(readFileSync(path, "utf8")) as CheckpointNames;
    store.#checkpointFiles = ["checkpoint.json", arrays.file];
    removeLater(folder, recordingsLogged(folder), arrays.file);
    return { store, checkpoint };
  }

  /** Folder of the recordings. */
  get recordingsFolder(): string {
    return join(this.folder, RECORDINGS);
  }

  /** What every recording says of the run. */
  get origin(): RecordingOrigin {
    return recordingOrigin(this.settings, this.versions);
  }

  /** Saves the state between two episodes and removes the arrays of the checkpoint before. */
  save(checkpoint: Omit<Checkpoint, "metricsBytes">): void {
    this.log.flush();
    const written = writeCheckpoint(join(this.folder, "checkpoint.json"), this.settingsHash, {
      ...checkpoint,
      metricsBytes: this.log.metricsBytes,
    });
    for (const file of this.#checkpointFiles) {
      if (!written.includes(file)) rmSync(join(this.folder, file), { force: true });
    }
    this.#checkpointFiles = written;
  }

  /** Keeps the state after a task for later evaluation. */
  saveTask(task: number, checkpoint: Omit<Checkpoint, "metricsBytes">): void {
    const path = join(this.folder, "checkpoints", `task-${task + 1}.json`);
    writeCheckpoint(path, this.settingsHash, { ...checkpoint, metricsBytes: this.log.metricsBytes });
  }

  /** Writes what the log amounts to: never more than it holds on disk. */
  writeEvaluation(evaluation: EvaluationJson): void {
    this.log.flush();
    writeJson(this.folder, "evaluation.json", evaluation);
  }

  /** Whether recordings of planned episodes hold the plans, once and for all of the run. */
  get plansRecorded(): boolean {
    return existsSync(join(this.folder, PLANS_RECORDED));
  }

  /** Closes the logs; may be called twice. */
  close(): void {
    this.log.close();
  }
}

function writeJson(folder: string, name: string, value: object): void {
  writeFileSafely(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
}

/** Names of the recordings that a run's log mentions. @throws InputError when the log is damaged */
function recordingsLogged(folder: string): Set<string> {
  return new Set(readMetrics(folder).flatMap((r) => ("recording" in r ? [basename(r.recording)] : [])));
}

interface CheckpointNames {
  readonly arrays: { readonly file: string };
}

/**
 * Reads a run's settings, also where its own method or planner is not at hand.
 * @throws InputError when the folder is no run or the file is damaged
 */
export function readSettings(folder: string): Settings {
  const path = join(folder, "settings.json");
  return parseSettingsFile(path, readRunFile(path));
}

function parseSettingsFile(path: string, text: string): Settings {
  try {
    return parseSavedSettings(JSON.parse(text), path);
  } catch (cause) {
    throw new InputError({
      what: `Settings file ${path} is damaged`,
      got: problemOf(cause),
      expected: "settings.json as `hypercrl train` writes it",
      todo: "Restore the file, or start a new run",
      cause,
    });
  }
}

function readRunFile(path: string): string {
  if (!existsSync(path)) {
    throw new InputError({
      what: `${path} is missing`,
      expected: "a run folder, made by `hypercrl train --out FOLDER`",
      todo: "Check the path",
    });
  }
  return readFileSync(path, "utf8");
}

function checkVersions(folder: string, now: Versions): void {
  const path = join(folder, "versions.json");
  const text = readRunFile(path);
  let then: Partial<Versions>;
  try {
    then = JSON.parse(text) as Partial<Versions>;
  } catch (cause) {
    throw new InputError({
      what: `${path} is damaged`,
      got: "text that is not JSON",
      expected: "JSON",
      todo: "Restore the file",
      cause,
    });
  }
  for (const key of ["physics", "onnxruntime"] as const) {
    if (then[key] === now[key]) continue;
    throw new InputError({
      what: `Run ${folder} was made with another ${key} version`,
      got: String(then[key]),
      expected: now[key],
      todo: "Resume with the version that began the run, or start a new one: numbers would not match",
    });
  }
}

/** Bytes up to the last line end: a line cut off by a crash does not count. */
function wholeLines(path: string): number {
  return existsSync(path) ? readFileSync(path).lastIndexOf("\n") + 1 : 0;
}

/** Removes what a killed process left behind: later recordings, temporary files, arrays of other checkpoints. */
function removeLater(folder: string, episodes: ReadonlySet<string>, arrays?: string): void {
  removeFrom(join(folder, RECORDINGS), (file) => !episodes.has(file));
  removeFrom(folder, (file) => file.endsWith(".tmp") || (isArrays(file) && file !== arrays));
  for (const inside of ["checkpoints", "tensorboard", "tensorboard/timing"]) {
    removeFrom(join(folder, inside), (file) => file.endsWith(".tmp"));
  }
}

function isArrays(file: string): boolean {
  return file.startsWith("checkpoint-") && file.endsWith(".safetensors");
}

function removeFrom(folder: string, unwanted: (file: string) => boolean): void {
  if (!existsSync(folder)) return;
  for (const file of readdirSync(folder).filter(unwanted)) rmSync(join(folder, file));
}

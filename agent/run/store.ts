import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { writeDocument } from "../../sim/core/documents.js";
import { InputError, UsageError } from "../../sim/core/errors.js";
import { makeFolder } from "../../sim/core/files.js";
import { LARGEST, readRegularFile } from "../../sim/core/own-files.js";
import type { TaskSpec } from "../../sim/task.js";
import type { LearnedState, TaskState } from "../agent-state.js";
import { Schedule } from "../settings/schedule.js";
import type { Settings } from "../settings/schema.js";
import { BEGINNING, type Checkpoint, readCheckpoint, type SavedCheckpoint } from "./checkpoint.js";
import { CheckpointWriter, type StateNumbers, writeTaskState } from "./checkpoint-writer.js";
import type { EvaluationJson } from "./evaluation-matrix.js";
import { checkPlaces, findLeftovers, removeLeftovers } from "./leftovers.js";
import { hashSettings, type RecordingOrigin, recordingOrigin, type Versions } from "./origin.js";
import { readMetrics, timingPath } from "./read-log.js";
import { readSettings, readVersions } from "./read-run.js";
import { RECORDINGS } from "./recording-names.js";
import { checkNewest, checkNothingSaved, checkTaskStates } from "./resume-checks.js";
import { isRunFolder, RUN_FILES, TASK_STATES, taskStateFiles } from "./run-files.js";
import { RunLog, type WrittenLog } from "./run-log.js";

/** How a new run is begun. */
export interface NewRunOptions {
  /** Whether recordings of planned episodes hold the plans, now and whenever the run is continued; default no. */
  readonly plans?: boolean;
  /** Command that would continue a run that is at the path already, for the message. */
  readonly resume?: string;
}

/** A state to be saved between two episodes. */
export interface UnsavedState extends Omit<StateNumbers, keyof WrittenLog> {
  readonly learned: LearnedState | undefined;
  readonly current: TaskState | undefined;
}

/** The state after a visit. */
export interface LearnedVisit extends Omit<StateNumbers, keyof WrittenLog> {
  readonly learned: LearnedState;
}

/**
 * The folder of one run:
 * `settings.json`, `versions.json`, `metrics.jsonl` (same seed, same bytes), `timing.jsonl`, `tensorboard/` (the
 * same as curves), `episodes/*.mcap`, `checkpoint.json` with the files it names (`checkpoint-writer.ts`), `checkpoints/task-N.json` after each visit,
 * `evaluation.json`, `recording.json` when recordings hold more than steps, and of a finished run `hashes.json` and
 * `hashes-timing.json` (`run-hashes.ts`).
 */
export class RunStore {
  readonly folder: string;
  readonly settings: Settings;
  readonly settingsHash: string;
  readonly versions: Versions;
  /** Takes what happens in the run. */
  readonly log: RunLog;
  #checkOwner: () => void = () => {};
  /** The checkpoint that is continued from. */
  #checkpoint: SavedCheckpoint | undefined;
  #checkpoints: CheckpointWriter;

  private constructor(folder: string, settings: Settings, versions: Versions) {
    this.folder = folder;
    this.settings = settings;
    this.settingsHash = hashSettings(settings);
    this.versions = versions;
    this.log = new RunLog(folder, settings, () => this.#checkOwner());
    this.#checkpoints = new CheckpointWriter(folder, this.settingsHash);
  }

  /**
   * Makes a new run folder.
   * @throws UsageError when something is at that path already
   */
  static create(
    folder: string,
    settings: Settings,
    versions: Versions,
    { plans = false, resume }: NewRunOptions = {},
  ): RunStore {
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      throw new UsageError({
        what: `Output folder ${folder} exists and is not empty`,
        got: `${readdirSync(folder).length} files or folders in it`,
        expected: "a new path",
        todo:
          resume !== undefined && isRunFolder(folder)
            ? `Choose another --out, or continue that run with \`${resume}\``
            : "Choose another path",
      });
    }
    makeFolder(join(folder, RECORDINGS));
    writeDocument(join(folder, RUN_FILES.versions), versions);
    if (plans) writeDocument(join(folder, RUN_FILES.recording), { plans });
    // Last, because it is what makes the folder a run that can be resumed.
    writeDocument(join(folder, RUN_FILES.settings), settings);
    const store = new RunStore(folder, settings, versions);
    store.log.open();
    return store;
  }

  /**
   * Opens a run to continue it, and changes nothing yet: `takeUp` does. What follows then is byte for byte what an
   * uninterrupted run writes.
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
    checkPlaces(folder);
    const path = join(folder, RUN_FILES.checkpoint);
    const store = new RunStore(folder, settings, versions);
    if (!existsSync(path)) {
      checkNothingSaved(folder);
      return { store, checkpoint: undefined };
    }
    const checkpoint = readCheckpoint(path, hashSettings(settings), settings, specOf(settings));
    checkNewest(folder, checkpoint);
    checkTaskStates(folder, store.settingsHash, checkpoint.progress);
    store.#checkpoint = checkpoint;
    store.#checkpoints = new CheckpointWriter(folder, store.settingsHash, checkpoint.parts);
    return { store, checkpoint };
  }

  /**
   * Takes up a run that was opened to be continued: cuts its logs back to the checkpoint, and removes what was written
   * after it, all of which is written again.
   * @returns paths in the run folder that are not the run's own; they stay
   * @throws InputError when a log does not match the checkpoint
   */
  takeUp(): readonly string[] {
    const { progress = BEGINNING, metricsBytes = 0, metricsSha256 } = this.#checkpoint ?? {};
    makeFolder(this.recordingsFolder);
    this.log.open({
      metrics: { bytes: metricsBytes, sha256: metricsSha256 },
      timing: { bytes: wholeLines(timingPath(this.folder)) },
    });
    if (this.#checkpoint?.parts.extraTurn) {
      const { actionRng } = this.#checkpoint;
      this.save({ progress, actionRng, learned: undefined, current: undefined });
    }
    const records = readMetrics(this.folder, new Schedule(this.settings));
    const left = findLeftovers(this.folder, this.settings, progress, records, this.#checkpoints.named);
    removeLeftovers(left);
    return left.foreign;
  }

  /**
   * Calls `check` before each event and before anything is saved from now on.
   * @param check throws when the folder is no longer this process's own
   */
  checkBeforeWriting(check: () => void): void {
    this.#checkOwner = check;
  }

  /** Folder of the recordings. */
  get recordingsFolder(): string {
    return join(this.folder, RECORDINGS);
  }

  /** What every recording says of the run. */
  get origin(): RecordingOrigin {
    return recordingOrigin(this.settings, this.versions);
  }

  /**
   * Saves the state between two episodes.
   * @param state `learned` is undefined where it has not changed since the state before, see `Agent.unsaved`
   */
  save({ learned, current, ...numbers }: UnsavedState): void {
    this.#checkOwner();
    this.log.flush();
    this.#checkpoints.save({ ...numbers, ...this.log.written }, learned, current);
  }

  /** See `CheckpointWriter.takeTurn`. @param numbers of the state that was saved last, and whose log has not grown since */
  takeTurn(numbers: Omit<StateNumbers, keyof WrittenLog>): void {
    this.#checkOwner();
    this.log.flush();
    this.#checkpoints.takeTurn({ ...numbers, ...this.log.written });
  }

  /** Keeps the state after a visit for later evaluation. */
  saveVisit(visit: number, { learned, ...numbers }: LearnedVisit): void {
    this.#checkOwner();
    const states = join(this.folder, TASK_STATES);
    const all = { ...numbers, ...this.log.written };
    writeTaskState(states, taskStateFiles(visit), this.settingsHash, all, learned);
  }

  /** Writes what the log amounts to: never more than it holds on disk. */
  writeEvaluation(evaluation: EvaluationJson): void {
    this.#checkOwner();
    this.log.flush();
    writeDocument(join(this.folder, RUN_FILES.evaluation), evaluation);
  }

  /** Whether recordings of planned episodes hold the plans, once and for all of the run. */
  get plansRecorded(): boolean {
    return existsSync(join(this.folder, RUN_FILES.recording));
  }

  /** Closes the logs; may be called twice. */
  close(): void {
    this.log.close();
  }
}

function checkVersions(folder: string, now: Versions): void {
  const then = readVersions(folder);
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
  return existsSync(path) ? readRegularFile(path, LARGEST.log).lastIndexOf("\n") + 1 : 0;
}

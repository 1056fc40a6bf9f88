import type { MemoryNeed } from "../../agent/memory.js";
import type { ManifestRun } from "./manifest-file.js";

/** How a process for a run is started. */
export interface RunCommand {
  /** Unique in the sweep. */
  readonly id: string;
  /** Program and arguments; the same command begins the run and continues it. */
  readonly command: readonly [string, ...string[]];
  /** File that receives what the process prints; appended to. */
  readonly log: string;
}

/** One run for an engine. */
export interface RunJob extends RunCommand {
  /** Memory that it needs at most by its settings, bytes. */
  readonly memory: number;
}

/** How a process ended: an exit code, or the signal that killed it, or why it could not be started. */
export interface RunExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly startError?: string;
}

/** Is told by an engine of the processes that it starts here. */
export interface EngineEvents {
  /** The process of a run is about to be started. */
  started(job: RunJob): void;
  /** The process of a run has ended, or could not be started. */
  exited(job: RunJob, exit: RunExit): void;
}

/**
 * Starts runs somewhere and tells when they end. What a run achieved is read from its folder, never from the engine,
 * so an engine needs to know nothing about learning.
 */
export interface SweepEngine {
  /**
   * Whether the runs are made by processes of this machine, which end before `run` resolves. Otherwise `run` hands them over and
   * resolves, and whoever makes a run prepares its folder.
   */
  readonly here: boolean;
  /** Threads of each run. */
  readonly threads: number;
  /**
   * Most memory that a run may take, bytes, where it was chosen; otherwise 80 % of the machine's where runs are made here, else what
   * they need.
   */
  readonly memory?: number | undefined;
  /** Asked before anything is written. @throws UsageError when the engine cannot work on this machine */
  checkReady(): Promise<void>;
  /**
   * Which of the unfinished runs are to be made now: not those that are on their way already.
   * @throws RunError when that cannot be found out
   */
  due(unfinished: readonly ManifestRun[]): Promise<readonly ManifestRun[]>;
  /** @param needs of the runs to be made @throws UsageError when there is no memory for them */
  checkMemory(needs: readonly MemoryNeed[]): void;
  /**
   * Runs every job; resolves when no process of it is left here. A run that fails does not keep others from running.
   * Aborting `signal` asks the running ones to save and stop, and starts no more.
   */
  run(jobs: readonly RunJob[], events: EngineEvents, signal: AbortSignal): Promise<void>;
}

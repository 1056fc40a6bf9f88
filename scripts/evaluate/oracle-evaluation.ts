import type { Outcome } from "../../agent/episode-run.js";
import type { EvaluationStarts, StartsNote } from "../../agent/evaluation/evaluation-starts.js";
import type { SuiteRecord } from "../../agent/run/suite-record.js";
import type { Settings } from "../../agent/settings/schema.js";
import type { Task } from "../../sim/task.js";
import type { PartOptions } from "../parts/given-parts.js";
import type { GivenSettings } from "../runs/choose-settings.js";

/** What `evaluateOracle` measures, and how; settings are in place of those that the suite has for the oracle. */
export interface OracleOptions
  extends Pick<PartOptions, "suite" | "planner" | "acceptChangedSuite" | "catalog">,
    GivenSettings {
  /** Run folder whose suite, tasks, number of episodes and seed are taken; default none, and then `suite` is needed. */
  readonly run?: string;
  /** First tasks of the suite; default all, or those of the run. */
  readonly tasks?: number;
  /** Episodes per task; default as in the run, or in runs of the suite's quick profile. */
  readonly episodes?: number;
  /**
   * Seed of the planner's noise and of the random policy; default that of the run, or 1. Published starts are those of every
   * evaluation, so that returns compare with those of runs. Varied ones are drawn by it, as for a run that is evaluated with it.
   */
  readonly seed?: number;
  /**
   * From where the episodes of the oracle and of the random policy start; default `published`. Varied starts are, without a
   * seed, those of every run that is evaluated without one.
   */
  readonly starts?: EvaluationStarts;
  /** Threads that simulate together; results do not depend on it. Default: the machine's cores, at most 4; one
   * for a suite that is neither of the package nor in a file. */
  readonly threads?: number;
  /** New folder for recordings of the oracle's episodes, with the plan of every step. */
  readonly recordings?: string;
  /** Told of what works less well than it should. */
  readonly onWarning?: (text: string) => void;
  /** Called before anything is simulated. */
  readonly onStart?: (plan: OracleStart) => void;
  /** Told of every step that the oracle makes; task, episode and step. */
  readonly onStep?: (task: string, episode: number, step: number) => void;
  /** Receives every episode of the oracle as it ends. */
  readonly onEpisode?: (task: string, episode: OracleEpisode) => void;
  readonly signal?: AbortSignal;
}

/** What is going to be measured. */
export interface OracleStart extends StartsNote {
  readonly suite: string;
  readonly tasks: readonly Task[];
  readonly episodes: number;
  readonly seed: number;
  /** How the oracle plans. */
  readonly planner: Settings["planner"];
}

/** What came of one episode. */
export interface OracleEpisode extends Outcome {
  /** Path of the recording, if there is one. */
  readonly recording?: string;
}

/** What was measured on one task. */
export interface OracleTask {
  readonly task: string;
  readonly random: readonly OracleEpisode[];
  readonly oracle: readonly OracleEpisode[];
}

/** What `evaluateOracle` found. */
export interface OracleEvaluation extends Omit<OracleStart, "tasks"> {
  /** Names of the planner's own settings, beside those of all planners. */
  readonly plannerFields: readonly string[];
  /** Seed of the first published start; the others count on. Absent where starts were varied. */
  readonly firstStart?: number;
  /** What the suite was. */
  readonly record: SuiteRecord;
  readonly versions: { readonly hypercrl: string; readonly physics: string };
  /** False when the signal stopped it; tasks then hold what was measured. */
  readonly complete: boolean;
  readonly tasks: readonly OracleTask[];
}

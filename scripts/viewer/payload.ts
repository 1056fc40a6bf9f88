import type { EpisodeRecord, EvaluationRecord } from "../../agent/run/records.js";
import type { EpisodeHeader, EpisodeSpec, EpisodeTotals } from "../../sim/recording/episode.js";
import type { VisualBody } from "../../sim/task.js";

/** Little-endian float32 numbers, row-major, in base64. */
export type Floats = string;

/** Where an episode lies: index of its folder among those shown, and the file's name there. */
export interface EpisodeRef {
  readonly source: number;
  readonly file: string;
}

/** One line of the picker. */
export interface EpisodeRow
  extends EpisodeRef,
    Partial<Omit<EpisodeHeader, "settingsHash" | "versions">>,
    Partial<EpisodeTotals> {
  /** Why it cannot be played; the other fields but `source` and `file` are then absent. */
  readonly problem?: string;
  /** False for a recording that is cut off. */
  readonly complete?: boolean;
}

/** What the page shows first: everything there is, and which one or two episodes to open. */
export interface ViewerIndex {
  /** Names of the folders, for people. */
  readonly sources: readonly string[];
  readonly episodes: readonly EpisodeRow[];
  readonly open: readonly EpisodeRef[];
  /** Indices of the folders whose run can be listened to. */
  readonly runs: readonly number[];
}

/** What a run is to do. */
export interface RunPlan {
  readonly tasks: number;
  /** Whether every task is visited once, in the order of the suite. */
  readonly isOnce: boolean;
  /** The visits, in order. */
  readonly visits: readonly PlannedVisit[];
  readonly evaluationEpisodes: number;
}

/** A visit that a run is to make. */
interface PlannedVisit {
  /** 0-based. */
  readonly task: number;
  /** Environment steps of learning, exploring at random included. */
  readonly steps: number;
  /** Whether it begins with random actions. */
  readonly explores: boolean;
  /** The last task that is evaluated after it, 0-based. */
  readonly lastEvaluated: number;
}

/** A finished episode as a run's log has it; more fields as in `EpisodeRow`. */
export interface RunEpisode
  extends Readonly<Pick<EvaluationRecord, "task" | "taskIndex" | "afterTask" | "episode" | "success">>,
    Readonly<Pick<EpisodeRecord, "randomSteps" | "terminated" | "visit">> {
  readonly phase: EpisodeHeader["phase"];
  /** Of learning episodes: steps made in this visit until its end. */
  readonly steps?: number;
  /** Null where it is not finite. */
  readonly return: EvaluationRecord["return"] | null;
  /** Name of the recording. */
  readonly file: string;
}

/** `stopped`: neither finished nor at work; `gone`: the folder is no longer there. */
export type RunStatus = "running" | "stopped" | "done" | "gone";

/** What is new in a run, the data of a server-sent event. */
export interface RunUpdate {
  readonly source: number;
  readonly status: RunStatus;
  /** Whether `episodes` are all there are; otherwise they come after those sent before. */
  readonly fresh: boolean;
  readonly episodes: readonly RunEpisode[];
  /** Absent when the settings cannot be read. */
  readonly plan?: RunPlan;
  /** Of the last training session, on the task being learned. */
  readonly loss?: number;
}

/** The plans of an episode: P of them, T landmarks, L sequences (the chosen one first), horizon H. */
export interface PlansPayload {
  /** The step made by each plan, `[P]`, rising; 1 the first. */
  readonly steps: readonly number[];
  readonly horizon: number;
  readonly landmarks: readonly string[];
  /** L */
  readonly sequences: number;
  /** World positions (m), `[P, T, L, H + 1, 3]`; NaN from where a path ends. */
  readonly paths: Floats;
  /** Expected observations after step 1 … H of the chosen sequence, `[P, H, X]`; NaN from where they end. */
  readonly expected: Floats;
}

/** What a robot that was not told its task thought of it: K tasks, of S steps. */
export interface BeliefsPayload {
  /** Their names. */
  readonly tasks: readonly string[];
  /** The probability of each with which a step was planned, `[S, K]`; steps of a damaged recording may be without. */
  readonly probabilities: Floats;
}

/** Where plans lead by the models of the tasks that come into question: S steps, up to L paths in each, of up to n points. */
export interface TaskPlansPayload {
  readonly steps: number;
  /** L */
  readonly lines: number;
  /** n */
  readonly points: number;
  /** The task of each path, as its place among those believed in, `[S, L]`; -1 where a step has fewer. */
  readonly tasks: readonly number[];
  /** World positions (m), `[S, L, n, 3]`; NaN from where a path ends. */
  readonly paths: Floats;
}

/** One episode as the page gets it. S steps, B bodies, X observation entries, U action entries, M measures. */
export interface EpisodePayload extends EpisodeRef {
  readonly header: EpisodeHeader;
  readonly spec: EpisodeSpec;
  readonly totals: EpisodeTotals;
  /** What is wrong with the file. */
  readonly damage?: string;
  /** Steps that can be played, S. */
  readonly steps: number;
  /** As they look at the start. */
  readonly bodies: readonly VisualBody[];
  /** How they look after each change of the task within the episode; absent where there is none. */
  readonly bodiesAfter?: readonly (readonly VisualBody[])[];
  /** `[S + 1, B, 7]`: world position (m) and quaternion (x, y, z, w). */
  readonly poses: Floats;
  /** `[S + 1, X]` */
  readonly observation: Floats;
  /** `[S, U]` */
  readonly action: Floats;
  /** `[S]` */
  readonly reward: Floats;
  readonly measureNames: readonly string[];
  /** `[S + 1, M]` */
  readonly measures: Floats;
  /** Absent unless the episode was recorded with its plans. */
  readonly plans?: PlansPayload;
  /** Absent unless the task was not announced. */
  readonly beliefs?: BeliefsPayload;
  /** Absent unless the task was not announced and its landmarks are known. */
  readonly taskPlans?: TaskPlansPayload;
}

/** What an exported page holds in itself. */
export interface EmbeddedData {
  readonly index: ViewerIndex;
  readonly episodes: readonly EpisodePayload[];
}

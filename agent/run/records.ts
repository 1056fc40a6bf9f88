import { z } from "zod";
import { isOutcomeName, OUTCOME_NAME_EXPECTED } from "../../sim/outcomes.js";
import { isRecordingPath, RECORDINGS } from "./recording-names.js";

/**
 * The one description of `metrics.jsonl`, from which everything that writes or reads it is derived.
 *
 * A run has two logs, both JSON Lines. `metrics.jsonl` repeats byte for byte with the same seed; `timing.jsonl`, described in
 * `timing-records.ts`, holds what cannot. The first line says the log's version, every other line is one record; its keys stand in
 * the order of its schema. Indices of tasks and episodes count from 0.
 * @module
 */

/**
 * Version of the logs that are written; a change that readers of this one would misunderstand needs another. In
 * version 0 the first line was missing; the records were those of version 1.
 */
export const LOG_VERSION = 1;

/** The first line of a log. */
export const logHeadSchema = z.object({ type: z.literal("log"), version: z.int().min(1) });

/** A number that need not be finite: what is not is null on disk and NaN in memory. JSON knows no -0 either. */
export const figure = z.codec(
  z.number().nullable(),
  z.custom<number>((value) => typeof value === "number"),
  {
    decode: (onDisk) => onDisk ?? Number.NaN,
    encode: (value) => (Number.isFinite(value) ? value + 0 : null),
  },
);

/** Counts from 0. */
export const index = z.int().min(0);
/**
 * Place in the run's schedule of what is said of a visit to a task. It is missing where every task is visited once, in the order of
 * the suite: there it is the task's index. See `visitOf`.
 */
export const visit = index.optional();
/** Place in the schedule of the last visit before. Where every task is visited once, in order, that is the index of the last task. */
const afterTask = index;

/** What came of an episode. */
const outcome = {
  /** Whether it ended by itself, with its last possible step or before; absent if the task does not say what ends an episode. */
  terminated: z.boolean().optional(),
  /** Undiscounted sum of the rewards until its end. */
  return: figure,
  /** Whether the task was achieved, as the task defines it, at the episode's end. */
  success: z.boolean(),
  /** `Scene.measure()` at the episode's end; the names carry the units, for example `positionErrorMm`. */
  measures: z.record(z.string(), figure),
  /** Which of the outcomes that the task names beside success came about; absent if it names none. */
  outcomes: z
    .record(z.string().refine(isOutcomeName, `expected ${OUTCOME_NAME_EXPECTED}`), z.boolean())
    .optional(),
};
/** Path of the episode's recording inside the run folder, with a slash. */
const recording = z.string().refine(isRecordingPath, `expected ${RECORDINGS}/ and the name of a file`);

/** An episode of the random policy, before anything is learned: the zero of normalised returns. */
const baseline = z.object({
  type: z.literal("baseline"),
  /** Name of the task. */
  task: z.string(),
  taskIndex: index,
  /** Counts within the task. */
  episode: index,
  ...outcome,
  recording,
});

/** A learning episode. */
const episode = z.object({
  type: z.literal("episode"),
  /** Whether it was begun with random exploration or with planning. */
  phase: z.enum(["random", "train"]),
  /** Name of the task. */
  task: z.string(),
  taskIndex: index,
  visit,
  /** Counts within the visit, both phases together. */
  episode: index,
  /** Environment steps made in the visit until its end. */
  steps: index,
  /** How many steps had random actions, where it was begun with them and went on with planning. */
  randomSteps: z.int().min(1).optional(),
  /** Present if the visit's steps ran out before the episode was over. */
  cut: z.literal(true).optional(),
  /**
   * Where the agent is not told its task: which of the tasks that it had found it believed in, counted as they were found, and for how
   * many steps, one stretch after the other.
   */
  believed: z.array(z.object({ found: index, steps: z.int().min(1) })).optional(),
  ...outcome,
  recording,
});

/** A change of the task that an agent which is not told of them has found, or believes to have found. */
const detection = z.object({
  type: z.literal("detection"),
  /** Name of the task that the world holds. */
  task: z.string(),
  taskIndex: index,
  visit,
  /** Environment steps made in the world's visit, the last one included. */
  steps: index,
  /** Environment steps made in the run, the last one included. */
  runSteps: index,
  /** Whether the agent begins a new task, or goes on with one that it had found before. */
  kind: z.enum(["new", "return"]),
  /** Found task that is believed in from now on; counted as they were found. */
  found: index,
  /** Found task that was believed in until now. */
  before: index,
  /** Steps since the change is estimated to have come; their transitions are the first data of the visit that begins. */
  held: index,
  /** Steps since the world's task changed; missing in the first visit, and where the world holds the task that it held in the visit before. */
  delay: index.optional(),
});

/** A training session, noted when the planner takes over its weights. */
const training = z.object({
  type: z.literal("training"),
  taskIndex: index,
  visit,
  /** Environment steps made in the visit when it was started. */
  steps: index,
  /** Mean per sample, see `TrainingReport.taskLoss`. */
  taskLoss: figure,
  /** Mean per sample, see `TrainingReport.regularizer`. */
  regularizer: figure,
});

const keptNumbers = z.object({
  /** Kinds of arrays, for example `embeddings`, `stored`. */
  kinds: z.array(z.string()),
  /** Numbers that are no data: weights, moments, importances, embeddings, targets. */
  parameters: index,
  /** Transitions of the task itself. */
  transitions: index,
  bytes: index,
});

/** What the learner holds at a task's end because tasks were learned. */
const kept = z.object({
  type: z.literal("kept"),
  /** Name of the task just learned. */
  task: z.string(),
  taskIndex: index,
  visit,
  /** What all tasks share, the optimiser's moments included; it does not grow with their number. */
  shared: keptNumbers,
  /** What each of the K tasks begun so far adds, in the order of their first visits, `[K]`. */
  tasks: z.array(keptNumbers),
});

/** An evaluation episode: planning with the weights as they are, nothing learned. */
const evaluation = z.object({
  type: z.literal("evaluation"),
  afterTask,
  /** Name of the task evaluated. */
  task: z.string(),
  taskIndex: index,
  /** Counts within this evaluation of the task. */
  episode: index,
  ...outcome,
  recording,
});

/**
 * How well the model of a task predicts the evaluation episodes just made, which nothing was trained on: open-loop, told
 * nothing but the actions that were made. See `ModelErrorMeter`.
 */
const modelError = z
  .object({
    type: z.literal("modelError"),
    afterTask,
    /** Name of the task evaluated. */
    task: z.string(),
    taskIndex: index,
    /** Control steps ahead, `[H]`; the lists below have an entry for each. */
    horizons: z.array(z.int().min(1)),
    /** Moments of all episodes that a prediction was made from; none of a horizon longer than every episode. */
    starts: z.array(index),
    /** How many of these predictions do not count, because they were not finite. */
    leftOut: z.array(index),
    /** By unit of the observations. */
    errors: z.array(
      z.object({
        unit: z.string(),
        /** Root mean square over predictions and the unit's channels; not finite where no prediction counts. */
        model: z.array(figure),
        /** The same of predicting that nothing changes. */
        unchanged: z.array(figure),
      }),
    ),
  })
  .refine(
    ({ horizons, starts, leftOut, errors }) =>
      [starts, leftOut, ...errors.flatMap(({ model, unchanged }) => [model, unchanged])].every(
        ({ length }) => length === horizons.length,
      ),
    { path: ["horizons"], message: "expected lists of the same length" },
  );

/** A line of `metrics.jsonl` after the first. */
export const metricsSchema = z.discriminatedUnion("type", [
  baseline,
  episode,
  detection,
  training,
  kept,
  evaluation,
  modelError,
]);
/** A line of `metrics.jsonl` after the first, as readers see it. */
export type MetricsRecord = z.output<typeof metricsSchema>;
export type BaselineRecord = z.output<typeof baseline>;
export type EpisodeRecord = z.output<typeof episode>;
export type EvaluationRecord = z.output<typeof evaluation>;
export type ModelErrorRecord = z.output<typeof modelError>;
export type DetectionRecord = z.output<typeof detection>;
export type TrainingRecord = z.output<typeof training>;
export type KeptRecord = z.output<typeof kept>;

/** Place in the run's schedule, 0-based, of what is said of learning a task. */
export function visitOf({ visit, taskIndex }: Readonly<Pick<EpisodeRecord, "visit" | "taskIndex">>): number {
  return visit ?? taskIndex;
}

/** How the actions of a learning episode were chosen: at random, planned, or first the one and then the other. */
export function episodeKind({ phase, randomSteps }: EpisodeRecord): EpisodeRecord["phase"] | "mixed" {
  return randomSteps === undefined ? phase : "mixed";
}

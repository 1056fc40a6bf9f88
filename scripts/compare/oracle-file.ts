import { z } from "zod";
import { hashTask } from "../../agent/run/suite-record.js";
import { PLANNING_NAMES } from "../../agent/settings/planning-fields.js";
import { readDocument } from "../../sim/core/documents.js";
import { elementAt } from "../../sim/core/element.js";
import { isOutcomeName } from "../../sim/outcomes.js";
import type { OracleEpisode, OracleEvaluation } from "../evaluate/oracle-evaluation.js";
import { meanMeasures, successRate } from "../runs/summary.js";
import { estimate } from "./bootstrap.js";
import { orNull } from "./value.js";

/**
 * What planning through a suite's own simulator reaches, kept in a file: the reference that returns are normalised by. The
 * package brings one for each of its suites (`tasks/<suite>/oracle.json`); `hypercrl evaluate --oracle --out FILE` makes one.
 * @module
 */

const SCHEMA = 1;

const estimateSchema = z.strictObject({
  mean: z.number(),
  /** Bounds of the interval, null where there are too few episodes for one. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.int().min(1),
});
const figuresSchema = z.strictObject({
  return: estimateSchema,
  /** Share of the episodes that succeeded. */
  success: z.number().min(0).max(1),
  /** What the suite measures at the end of an episode. */
  measures: z.record(z.string(), estimateSchema),
  episodes: z
    .array(
      z.strictObject({
        /** Whether the task ended it, of tasks that can. */
        terminated: z.boolean().optional(),
        return: z.number(),
        success: z.boolean(),
        measures: z.record(z.string(), z.number()),
        /** Which of the outcomes that the task names beside success came about. */
        outcomes: z.record(z.string().refine(isOutcomeName), z.boolean()).optional(),
      }),
    )
    .min(1),
});

const fileSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  /** For people. */
  definition: z.string(),
  suite: z.string(),
  versions: z.strictObject({ hypercrl: z.string(), physics: z.string() }),
  /** Of the planner's noise and the random policy. */
  seed: z.int().min(0),
  episodes: z.int().min(1),
  /** Seed of the first published start, from which the others count on; absent where starts were varied. */
  firstStart: z.int().min(0).optional(),
  /** From where the episodes started, where those were not the published starts; the file is then no reference for runs. */
  starts: z.literal("varied").optional(),
  /** Seed that varied starts were drawn by. */
  startSeed: z.int().min(0).optional(),
  planner: z.record(z.string(), z.unknown()),
  /** Of early files, in which it was no setting of the planner. */
  holdReward: z.boolean().optional(),
  /** SHA-256 of the files of a suite of one's own. */
  modules: z.record(z.string(), z.string()).optional(),
  tasks: z
    .array(
      z.strictObject({
        task: z.string(),
        /** SHA-256 of the task's name and spec. */
        spec: z.string(),
        random: figuresSchema,
        oracle: figuresSchema,
      }),
    )
    .min(1),
});

const referenceSchema = fileSchema.refine(
  ({ starts, firstStart }) => starts !== undefined || firstStart !== undefined,
  { path: ["firstStart"], message: "missing" },
);

/** What a file keeps of an evaluation of the oracle: a suite's reference, unless its starts were varied. */
export type OracleReference = Readonly<z.infer<typeof referenceSchema>>;

const DEFINITION =
  "oracle: planning through the task's own simulator (snapshot, restore, the task's reward), a lower bound of what planning reaches; random: actions drawn evenly between their bounds; return: undiscounted sum of rewards; mean with a 95 % bootstrap interval over episodes, null for fewer than five";

/** What a file keeps of an evaluation. The same seed, settings and suite give the same. */
export function oracleReference(evaluation: OracleEvaluation): OracleReference {
  const { suite, versions, seed, episodes, firstStart, starts, startSeed, record } = evaluation;
  const planner: Record<string, unknown> = { ...evaluation.planner };
  const fields = [...PLANNING_NAMES, ...evaluation.plannerFields];
  return {
    schema: SCHEMA,
    definition: DEFINITION,
    ...{ suite, versions, seed, episodes },
    ...(starts === undefined ? { firstStart } : { starts, startSeed }),
    planner: Object.fromEntries(fields.map((name) => [name, planner[name]])),
    ...(record.modules && { modules: record.modules }),
    tasks: evaluation.tasks.map(({ task, random, oracle }, i) => ({
      task,
      spec: hashTask(elementAt(record.tasks, i, "tasks")),
      random: figuresOf(random),
      oracle: figuresOf(oracle),
    })),
  };
}

function figuresOf(episodes: readonly OracleEpisode[]): OracleReference["tasks"][number]["oracle"] {
  const names = Object.keys(meanMeasures(episodes));
  return {
    return: meanWithInterval(episodes.map((episode) => episode.return)),
    success: successRate(episodes),
    measures: Object.fromEntries(
      names.map((name) => [
        name,
        meanWithInterval(episodes.map(({ measures }) => measures[name] ?? Number.NaN)),
      ]),
    ),
    episodes: episodes.map(({ terminated, return: sum, success, measures, outcomes }) => ({
      ...(terminated !== undefined && { terminated }),
      return: sum,
      success,
      measures: { ...measures },
      ...(outcomes && { outcomes }),
    })),
  };
}

function meanWithInterval(values: readonly number[]): z.infer<typeof estimateSchema> {
  const { mean, low, high, n } = estimate(values);
  return { mean, low: orNull(low), high: orNull(high), n };
}

/** Reads a reference. @throws InputError when it is missing or damaged */
export function readOracleReference(path: string): OracleReference {
  return readDocument(path, referenceSchema, {
    expected: "a file that `hypercrl evaluate --oracle --out FILE` wrote",
    todo: "Make it again, or restore it from a copy",
  });
}

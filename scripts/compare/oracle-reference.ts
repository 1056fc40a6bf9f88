import { join } from "node:path";
import { z } from "zod";
import {
  describeSuite,
  hashTask,
  moduleDifferences,
  type SuiteRecord,
} from "../../agent/run/suite-record.js";
import { PLANNING_NAMES } from "../../agent/settings/schema.js";
import { readDocument } from "../../sim/core/documents.js";
import { elementAt } from "../../sim/core/element.js";
import { InputError } from "../../sim/core/errors.js";
import { isThere } from "../../sim/core/system-errors.js";
import { isOutcomeName } from "../../sim/outcomes.js";
import type { TaskSpec } from "../../sim/task.js";
import { builtinSuites } from "../../tasks/registry.js";
import { addCounts, countOutcomes, type OutcomeCounts } from "../runs/counts.js";
import type { OracleEpisode, OracleEvaluation } from "../runs/evaluate-oracle.js";
import { packageFolder } from "../runs/package-version.js";
import { shellWord } from "../runs/shell-word.js";
import { meanMeasures, successRate } from "../runs/summary.js";
import { estimate } from "./bootstrap.js";
import { orNull } from "./value.js";

/**
 * What planning through a suite's own simulator reaches, kept in a file: the reference that returns are normalised by. The
 * package brings one for each of its suites (`tasks/<suite>/oracle.json`); `hypercrl evaluate --oracle --out FILE` makes one.
 * @module
 */

/** Name of a suite's reference, in the folder of the suite and in that of a sweep. */
const ORACLE_FILE = "oracle.json";

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

/** What the oracle of a suite got, for normalising; `K` tasks. */
export interface Oracle {
  /** Names, `[K]`. */
  readonly tasks: readonly string[];
  /** Mean return of the random policy, `[K]`. */
  readonly random: readonly number[];
  /** Mean return of the oracle, `[K]`. */
  readonly returns: readonly number[];
  /** Share of the oracle's episodes that succeeded, `[K]`. */
  readonly success: readonly number[];
  /** How many of its episodes succeeded, and had what else the tasks name. */
  readonly counts: OutcomeCounts;
  /** Returns of each episode, `[K][E]`. */
  readonly measured: {
    readonly random: readonly (readonly number[])[];
    readonly returns: readonly (readonly number[])[];
  };
  /** Episodes per task. */
  readonly episodes: number;
  readonly planner: string;
  readonly physics: string;
}

/** An oracle, or why there is none. */
export type FoundOracle = { readonly oracle: Oracle } | { readonly none: string };

/** What is known of the suite of some runs. */
export interface RunsSuite {
  readonly suite: string;
  /** Names of the tasks that the runs learn. */
  readonly tasks: readonly string[];
  /** What the suite was, as far as a run has noted it. */
  readonly record: SuiteRecord | undefined;
}

/**
 * The reference for some runs: the one given, else one in a folder of theirs, else that of the package.
 * @param given path of a reference
 * @param folders in which there may be one, by the name `oracle.json`
 * @throws InputError when a file is damaged, or the one given belongs to another suite or to an earlier state of it, or has figures
 *   from other starts than those of runs
 */
export function findOracle(
  runs: RunsSuite,
  given: string | undefined,
  folders: readonly string[] = [],
): FoundOracle {
  const path =
    given ?? folders.map((folder) => join(folder, ORACLE_FILE)).find(isThere) ?? builtinPath(runs.suite);
  if (path === undefined) return { none: noReference(runs.suite) };
  const reference = readOracleReference(path);
  if (reference.starts !== undefined) {
    if (given === undefined)
      return { none: `its reference is of ${reference.starts} starts, not of the published ones` };
    throw otherStarts(path, reference.starts);
  }
  const stale = whyStale(reference, runs);
  if (stale === undefined) return { oracle: oracleOf(reference, runs.tasks.length) };
  if (given === undefined) return { none: `its reference is not of this suite: ${stale}` };
  throw new InputError({
    what: `${path} is not the oracle of these runs`,
    got: stale,
    expected: `suite ${runs.suite} as it was when the runs were made`,
    todo: "Make it again with `hypercrl evaluate --oracle`, or leave it out",
  });
}

function otherStarts(path: string, starts: string): InputError {
  return new InputError({
    what: `${path} is no reference for runs`,
    got: `figures of episodes from ${starts} starts`,
    expected: "figures from the published starts, from which runs are evaluated",
    todo: "Make one with `hypercrl evaluate --oracle --out FILE` and without --starts, or leave it out",
  });
}

function builtinPath(suite: string): string | undefined {
  if (!builtinSuites.some(({ name }) => name === suite)) return undefined;
  const path = join(packageFolder(), "tasks", suite, ORACLE_FILE);
  return isThere(path) ? path : undefined;
}

function noReference(suite: string): string {
  const isBuiltin = builtinSuites.some(({ name }) => name === suite);
  const module = isBuiltin ? shellWord(suite) : "FILE";
  return `no reference is known; \`hypercrl evaluate --oracle --suite ${module} --out FOLDER/${ORACLE_FILE}\` makes one`;
}

/** Why a reference does not belong to a suite; undefined when it does. */
export function whyStale(
  reference: OracleReference,
  { suite, tasks, record }: RunsSuite,
): string | undefined {
  if (reference.suite !== suite) return `suite ${reference.suite}`;
  const names = reference.tasks.map(({ task }) => task);
  const other = tasks.findIndex((task, i) => task !== names[i]);
  if (other >= 0) return `task ${other + 1} is ${names[other] ?? "missing"}, not ${tasks[other]}`;
  const then = record ?? builtinRecord(suite, tasks);
  if (then === undefined) return undefined;
  const changed = then.tasks.find((task, i) => hashTask(task) !== reference.tasks[i]?.spec);
  if (changed !== undefined) return `another spec of task ${changed.name}`;
  const { modules } = reference;
  const files = moduleDifferences(then, { ...then, modules: modules ?? then.modules });
  return files.length === 0 ? undefined : `other contents of ${files.join(", ")}`;
}

/** The suite of the package, for runs that noted nothing of theirs: those are of versions before any revision. */
function builtinRecord(suite: string, tasks: readonly string[]): SuiteRecord | undefined {
  const found = builtinSuites.find(({ name }) => name === suite);
  const isSame = tasks.every((task, i) => found?.tasks[i]?.name === task);
  if (found === undefined || !isSame) return undefined;
  const first = found.tasks.map((task) => ({ ...task, spec: firstRevision(task.spec) }));
  return describeSuite({ ...found, tasks: first }, tasks.length, undefined);
}

function firstRevision({ revision: _, ...spec }: TaskSpec): TaskSpec {
  return spec;
}

/** The first tasks of a reference. */
function oracleOf({ tasks, episodes, planner, versions }: OracleReference, count: number): Oracle {
  const learned = tasks.slice(0, count);
  return {
    tasks: learned.map(({ task }) => task),
    random: learned.map(({ random }) => random.return.mean),
    returns: learned.map(({ oracle }) => oracle.return.mean),
    success: learned.map(({ oracle }) => oracle.success),
    counts: addCounts(learned.map(({ oracle }) => countOutcomes(oracle.episodes))),
    measured: {
      random: learned.map(({ random }) => random.episodes.map((episode) => episode.return)),
      returns: learned.map(({ oracle }) => oracle.episodes.map((episode) => episode.return)),
    },
    episodes,
    planner: String(planner.name),
    physics: versions.physics,
  };
}

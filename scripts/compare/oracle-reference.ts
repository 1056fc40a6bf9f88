import { join } from "node:path";
import {
  describeSuite,
  hashTask,
  moduleDifferences,
  type SuiteRecord,
} from "../../agent/run/suite-record.js";
import { InputError } from "../../sim/core/errors.js";
import { isThere } from "../../sim/core/system-errors.js";
import type { TaskSpec } from "../../sim/task.js";
import { builtinSuites } from "../../tasks/registry.js";
import { addCounts, countOutcomes, type OutcomeCounts } from "../runs/counts.js";
import { packageFolder } from "../runs/package-version.js";
import { shellWord } from "../runs/shell-word.js";
import { type OracleReference, readOracleReference } from "./oracle-file.js";

/** Name of a suite's reference, in the folder of the suite and in that of a sweep. */
const ORACLE_FILE = "oracle.json";

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

import { resolve } from "node:path";
import { UsageError } from "../../../sim/core/errors.js";
import type { SweepChoice } from "../../sweep/plan.js";
import type { SlurmOptions } from "../../sweep/slurm/submissions.js";
import { readSweepFile } from "../../sweep/sweep-file.js";
import { taskAssignments } from "./schedule.js";

/** The options of `hypercrl sweep` as typed. */
export interface SweepArguments {
  readonly suite?: string;
  readonly methods?: readonly string[];
  readonly planner?: string;
  readonly seeds?: readonly number[];
  readonly profile?: string;
  readonly set: readonly string[];
  readonly tasks?: number;
  readonly schedule?: string;
  readonly file?: string;
  readonly jobs?: number;
  readonly memory?: number;
  readonly out?: string;
  /** True, or the sweep's folder. */
  readonly resume?: string | true;
  readonly report?: string | true;
  readonly differencesFrom?: string;
  readonly oracle?: string;
  readonly trustSuite?: boolean;
  readonly engine?: "local" | "slurm";
  readonly partition?: string;
  readonly time?: string;
  readonly mem?: number;
  readonly cpus?: number;
  readonly arrayLimit?: number;
  readonly tries?: number;
  readonly sbatch: readonly string[];
  /** True, or the sweep's folder. */
  readonly status?: string | true;
  readonly wait?: string | true;
  readonly cancel?: string | true;
  readonly acceptChangedSuite?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** The options that may name the sweep's folder. */
const WITH_FOLDER = ["resume", "report", "status", "wait", "cancel"] as const;

/** The folder given: with `--out`, or with another option that takes it. @throws UsageError for two different ones */
export function sweepFolder(args: SweepArguments): string | undefined {
  const named = WITH_FOLDER.flatMap((option) => {
    const folder = args[option];
    return typeof folder === "string" ? [{ option: `--${option}`, folder }] : [];
  });
  const all = [...named, ...(args.out === undefined ? [] : [{ option: "--out", folder: args.out }])];
  const [first] = all;
  if (all.every(({ folder }) => resolve(folder) === resolve(first?.folder ?? ""))) return first?.folder;
  throw new UsageError({
    what: "Two folders are given for one sweep",
    got: all.map(({ option, folder }) => `${option} ${folder}`).join(" "),
    expected: "one of them",
  });
}

/** Options that only Slurm has, with what they are called in `SweepArguments`. */
const OF_SLURM = {
  partition: "--partition",
  time: "--time",
  mem: "--mem",
  cpus: "--cpus",
  arrayLimit: "--array-limit",
  tries: "--tries",
} as const;

/** How often a run that fails is tried. */
const TRIES = 3;

/**
 * How jobs are submitted to Slurm; undefined where the runs are to be made on this machine.
 * @throws UsageError for options of the other engine
 */
export function chooseSlurm(args: SweepArguments): SlurmOptions | undefined {
  const { engine = "local", partition, time, mem, cpus = 1, arrayLimit, tries = TRIES, sbatch, jobs } = args;
  if (engine === "slurm") {
    if (jobs !== undefined)
      throw foreignOption(`--jobs ${jobs}`, "local", "--array-limit says how many run at a time");
    return {
      ...(partition !== undefined && { partition }),
      ...(time !== undefined && { time }),
      ...(mem !== undefined && { memory: mem }),
      ...(arrayLimit !== undefined && { arrayLimit }),
      ...{ cpus, tries, sbatch: sbatch.flatMap(words) },
    };
  }
  const given = Object.entries(OF_SLURM).find(([name]) => args[name as keyof typeof OF_SLURM] !== undefined);
  const asked = (["status", "wait", "cancel"] as const).find((name) => args[name] !== undefined);
  if (given !== undefined) throw foreignOption(given[1], "slurm", "Add --engine slurm, or leave it out");
  if (sbatch.length > 0) throw foreignOption("--sbatch", "slurm", "Add --engine slurm, or leave it out");
  // These need not name the engine: the folder tells where its jobs are.
  if (args.engine === "local" && asked !== undefined)
    throw foreignOption(`--${asked}`, "slurm", "Leave out --engine local");
  if (asked === "wait" && (args.resume !== undefined || chooseSweep(args) !== undefined))
    throw foreignOption("--wait", "slurm", "Add --engine slurm; this machine's engine always waits");
  return undefined;
}

function foreignOption(got: string, engine: "local" | "slurm", todo: string): UsageError {
  return new UsageError({
    what: `An option of the engine ${engine} is given for the other`,
    got,
    expected: `--engine ${engine} beside it`,
    todo,
  });
}

/** What is asked of a sweep in Slurm in place of submitting. */
export function chooseAsked(args: SweepArguments): "status" | "cancel" | "wait" | undefined {
  if (args.status !== undefined) return "status";
  if (args.cancel !== undefined) return "cancel";
  return args.wait !== undefined && args.engine !== "slurm" ? "wait" : undefined;
}

/** Splits at spaces; text in quotes stays together. */
function words(text: string): string[] {
  const found = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return found.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}

/** What the options or the file choose; undefined when nothing is chosen. @throws InputError for a wrong file */
export function chooseSweep(args: SweepArguments): SweepChoice | undefined {
  if (args.file !== undefined) return readSweepFile(args.file);
  const { suite, profile, methods, planner, seeds, tasks, schedule, set } = args;
  const named = taskAssignments({ tasks, schedule });
  const assignments = [...set, ...named];
  const given = [suite, profile, methods, planner, seeds].some((value) => value !== undefined);
  if (!given && assignments.length === 0) return undefined;
  return { suite, profile, planner, seeds, methods: methods?.map((method) => ({ method })), assignments };
}

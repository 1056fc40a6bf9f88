import { resolve } from "node:path";
import { UsageError } from "../../sim/core/errors.js";
import type { SweepChoice } from "../sweep/plan.js";
import { readSweepFile } from "../sweep/sweep-file.js";

/** The options of `hypercrl sweep` as typed. */
export interface SweepArguments {
  readonly suite?: string;
  readonly methods?: readonly string[];
  readonly planner?: string;
  readonly seeds?: readonly number[];
  readonly profile?: string;
  readonly set: readonly string[];
  readonly tasks?: number;
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
  readonly acceptChangedSuite?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** The folder given: with `--out`, or with `--resume` or `--report`. @throws UsageError for two different ones */
export function sweepFolder({ out, resume, report }: SweepArguments): string | undefined {
  const [option, named] = resume === undefined ? ["--report", report] : ["--resume", resume];
  if (typeof named !== "string") return out;
  if (out === undefined || resolve(out) === resolve(named)) return named;
  throw new UsageError({
    what: "Two folders are given for one sweep",
    got: `${option} ${named} --out ${out}`,
    expected: "one of them",
  });
}

/** What the options or the file choose; undefined when nothing is chosen. @throws InputError for a wrong file */
export function chooseSweep(args: SweepArguments): SweepChoice | undefined {
  if (args.file !== undefined) return readSweepFile(args.file);
  const { suite, profile, methods, planner, seeds, tasks, set } = args;
  const assignments = tasks === undefined ? set : [...set, `tasks=${tasks}`];
  const given = [suite, profile, methods, planner, seeds].some((value) => value !== undefined);
  if (!given && assignments.length === 0) return undefined;
  return { suite, profile, planner, seeds, methods: methods?.map((method) => ({ method })), assignments };
}

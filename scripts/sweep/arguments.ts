import type { SweepChoice } from "./plan.js";
import { readSweepFile } from "./sweep-file.js";

/** The options of `hypercrl sweep` as typed. */
export interface SweepArguments {
  readonly suite?: string;
  readonly methods?: readonly string[];
  readonly seeds?: readonly number[];
  readonly profile?: string;
  readonly set: readonly string[];
  readonly tasks?: number;
  readonly file?: string;
  readonly jobs?: number;
  readonly out?: string;
  readonly resume?: boolean;
  readonly report?: boolean;
  readonly differencesFrom?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** What the options or the file choose; undefined when nothing is chosen. @throws InputError for a wrong file */
export function chooseSweep(args: SweepArguments): SweepChoice | undefined {
  if (args.file !== undefined) return readSweepFile(args.file);
  const { suite, profile, methods, seeds, tasks, set } = args;
  const assignments = tasks === undefined ? set : [...set, `tasks=${tasks}`];
  const given = [suite, profile, methods, seeds].some((value) => value !== undefined);
  if (!given && assignments.length === 0) return undefined;
  return { suite, profile, seeds, methods: methods?.map((method) => ({ method })), assignments };
}

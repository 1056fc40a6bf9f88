import { InvalidArgumentError } from "commander";
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

/** `hypercrl,single` as names. */
export function methodList(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.every((name) => name !== "")) return names;
  throw new InvalidArgumentError("Expected methods separated by commas.");
}

const MOST_SEEDS = 1000;

/** `1,2,5-7` as numbers. */
export function seedList(text: string): number[] {
  const seeds = text.split(",").flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    const [low, high] = [Number(first), Number(last)];
    if (low <= high && high <= 4294967295 && high - low < MOST_SEEDS) {
      return Array.from({ length: high - low + 1 }, (_, i) => low + i);
    }
    throw new InvalidArgumentError("Expected seeds such as 1,2,3 or 1-5.");
  });
  return [...new Set(seeds)];
}

import { InvalidArgumentError, Option } from "commander";
import type { SwitchSteps } from "../../../agent/evaluation/task-switches.js";
import { GIB, MIB } from "../../../sim/core/bytes.js";

/** An option that may be given again: all its values. */
export function repeatable(flags: string, text: string): Option {
  return new Option(flags, `${text}; repeatable`)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default([], "none");
}

/** The largest that 32 bits hold. */
const MOST = 4294967295;

function wholeNumberIn(low: number, high: number, what = "whole number"): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= low && Number(text) <= high) return Number(text);
    throw new InvalidArgumentError(`Expected a ${what} from ${low} to ${high}.`);
  };
}

/** Whole numbers that 32 bits hold. */
export const wholeNumber = wholeNumberIn(0, MOST);
/** Those from 1. */
export const countingNumber = wholeNumberIn(1, MOST);
/** Steps that a task lasts, `30` or `20-60`. */
export function switchSteps(text: string): SwitchSteps {
  const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const steps = { low: Number(low), high: Number(high) };
  if (steps.low >= 1 && steps.low <= steps.high && steps.high <= MOST) return steps;
  throw new InvalidArgumentError(
    "Expected steps from 1 that a task lasts: a number such as 30, or a range from the smaller to the larger such as 20-60.",
  );
}

/** What `evaluate --tasks` says in place of a number. */
export const UNANNOUNCED = "unannounced";

export const UNSEEN = "unseen";

/** What `evaluate --tasks` is given. */
export type TaskChoice = number | typeof UNANNOUNCED | typeof UNSEEN;

/** A number of tasks from 1, `unannounced` or `unseen`. */
export function taskChoice(text: string): TaskChoice {
  if (text === UNANNOUNCED || text === UNSEEN) return text;
  if (/^\d+$/.test(text)) return countingNumber(text);
  throw new InvalidArgumentError(`Expected a number of tasks with --oracle, ${UNANNOUNCED} or ${UNSEEN}.`);
}

/** A TCP port. */
export const portNumber = wholeNumberIn(1, 65535, "port");
/** Processes at a time. */
export const jobCount = wholeNumberIn(1, 1000);
/** Processors of one job. */
export const processorCount = wholeNumberIn(1, 1000, "number of processors");
/** How often a run is tried. */
export const tryCount = wholeNumberIn(1, 1000, "number of tries");

/** GiB as bytes. */
export function gibibytes(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text) * GIB;
  throw new InvalidArgumentError("Expected a number of GiB above 0, such as 16.");
}

/** Memory as Slurm takes it, such as `4G`, as bytes: MiB without a letter, and whole MiB in any case. */
export function slurmMemory(text: string): number {
  const [, amount, unit = ""] = /^(\d+)([KMGT]?)B?$/i.exec(text) ?? [];
  const bytes = Number(amount) * 1024 ** (1 + "KMGT".indexOf(unit.toUpperCase() || "M"));
  if (bytes >= MIB) return Math.ceil(bytes / MIB) * MIB;
  throw new InvalidArgumentError("Expected memory of at least 1M, such as 800M or 4G.");
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
  const ranges = text.split(",").map((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    const [low, high] = [Number(first), Number(last)];
    if (low <= high && high <= MOST) return { low, count: high - low + 1 };
    throw new InvalidArgumentError(`Expected seeds from 0 to ${MOST} such as 1,2,3 or 1-5.`);
  });
  // Counted before they are listed: a range may have billions.
  const count = ranges.reduce((sum, range) => sum + range.count, 0);
  if (count > MOST_SEEDS) {
    throw new InvalidArgumentError(`Expected at most ${MOST_SEEDS} seeds; these are ${count}.`);
  }
  return [
    ...new Set(ranges.flatMap((range) => Array.from({ length: range.count }, (_, i) => range.low + i))),
  ];
}

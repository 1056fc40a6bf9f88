import { InvalidArgumentError } from "commander";

/** A repeatable option: all its values. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** Whole numbers that 32 bits hold. */
export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 4294967295) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 0 to 4294967295.");
}

/** A TCP port. */
export function portNumber(text: string): number {
  if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65535) return Number(text);
  throw new InvalidArgumentError("Expected a port from 1 to 65535.");
}

/** Whole numbers from 1. */
export function countingNumber(text: string): number {
  if (wholeNumber(text) >= 1) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 1.");
}

const MOST_JOBS = 1000;

/** Processes at a time. */
export function jobCount(text: string): number {
  if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MOST_JOBS) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MOST_JOBS}.`);
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
    if (low <= high && high <= 4294967295) return { low, count: high - low + 1 };
    throw new InvalidArgumentError("Expected seeds from 0 to 4294967295 such as 1,2,3 or 1-5.");
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

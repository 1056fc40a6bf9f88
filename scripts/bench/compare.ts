import { fixed } from "../../sim/core/fixed.js";
import { table } from "../compare/tables.js";
import type { BenchResult, Figure, Machine } from "./result.js";

interface Change {
  readonly name: string;
  readonly before: Figure | undefined;
  readonly now: Figure | undefined;
  /** Change in percent of the earlier value; undefined where there is nothing to compare with. */
  readonly percent: number | undefined;
}

/** Every figure of the new result, then those that only the old one has in the sections measured now. */
export function compareResults(before: BenchResult, now: BenchResult): Change[] {
  const section = (name: string) => name.split(".")[0];
  const measured = new Set(Object.keys(now.figures).map(section));
  const names = new Set([
    ...Object.keys(now.figures),
    ...Object.keys(before.figures).filter((name) => measured.has(section(name))),
  ]);
  return [...names].map((name) => change(name, before.figures[name], now.figures[name]));
}

function change(name: string, before: Figure | undefined, now: Figure | undefined): Change {
  const comparable =
    before !== undefined && now !== undefined && before.unit === now.unit && before.value !== 0;
  const percent = comparable ? 100 * (now.value / before.value - 1) : undefined;
  return { name, before, now, percent };
}

export function formatComparison(before: BenchResult, now: BenchResult): string {
  const rows = compareResults(before, now).map((c) => [
    c.name,
    showFigure(c.before),
    showFigure(c.now),
    c.percent === undefined ? "–" : `${signed(c.percent)} %`,
  ]);
  const differences = machineDifferences(before.machine, now.machine);
  const notes = differences.length === 0 ? [] : [`Other machine or versions: ${differences.join("; ")}`];
  return [table([["figure", "before", "now", "change"]], rows), ...notes].join("\n");
}

/** A number with one decimal and its sign; what is rounded to 0 has a plus. */
function signed(value: number): string {
  const text = fixed(value, 1);
  return text.startsWith("-") ? text : `+${text}`;
}

/** Three or more significant digits, no exponent. */
export function showFigure(figure: Figure | undefined): string {
  if (figure === undefined) return "–";
  const { value, unit } = figure;
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return `${value.toFixed(digits)} ${unit}`;
}

/** What makes two results hard to compare, as `key: before → now`. */
export function machineDifferences(before: Machine, now: Machine): string[] {
  const flat = ({ versions, torch = {}, ...rest }: Machine): Record<string, unknown> => ({
    ...rest,
    ...versions,
    ...Object.fromEntries(Object.entries(torch).map(([key, value]) => [`torch ${key}`, value])),
  });
  const [a, b] = [flat(before), flat(now)];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => a[key] !== b[key])
    .map((key) => `${key}: ${a[key] ?? "none"} → ${b[key] ?? "none"}`);
}

import Table from "cli-table3";
import stringWidth from "string-width";
import { largest } from "../../sim/core/extremes.js";
import { measureName } from "./measure-name.js";
import { PLAIN_WIDTH, wrap } from "./text.js";

export interface TableOptions {
  /** Columns of the terminal; default those of a file. */
  readonly width?: number;
  /** Number of columns from the first on that are aligned left, the others right; default 1. */
  readonly left?: number;
}

/** Space on both sides of a cell. */
const PADDING = 2;
const BORDER = 1;

/**
 * Lays out rows under a header, without colours, so that no line is wider than `width`. Columns for which there is no
 * room go into further tables below, each with the first column again; where one column does not fit beside the first,
 * each row becomes a list of its cells.
 * @param groups titles of the columns; those of a group stay in one table if they fit
 * @param rows cells, each row as long as all groups together
 */
export function table(
  groups: readonly (readonly string[])[],
  rows: readonly (readonly string[])[],
  { width = PLAIN_WIDTH, left = 1 }: TableOptions = {},
): string {
  const titles = groups.flat();
  const widths = titles.map((title, i) =>
    largest([title, ...rows.map((row) => row[i] ?? "")].map(widestLine)),
  );
  const parts = splitColumns(groups, widths, width);
  if (parts === undefined) return lists(titles, rows, width);
  return parts.map((columns) => draw(titles, rows, columns, left)).join("\n");
}

/** The columns of each table below another, 0 always among them; undefined when one does not fit beside column 0. */
function splitColumns(
  groups: readonly (readonly string[])[],
  widths: readonly number[],
  width: number,
): number[][] | undefined {
  const needed = (columns: readonly number[]) =>
    columns.reduce((sum, i) => sum + (widths[i] ?? 0) + PADDING + BORDER, BORDER);
  const fits = (columns: readonly number[]) => needed(columns) <= width;
  const tables: number[][] = [];
  const place = (columns: readonly number[]) => {
    const last = tables.at(-1);
    if (last !== undefined && fits([...last, ...columns])) last.push(...columns);
    else tables.push([0, ...columns]);
  };
  let next = 0;
  for (const group of groups) {
    const columns = group.map((_, i) => next + i).filter((i) => i > 0);
    next += group.length;
    if (fits([0, ...columns])) place(columns);
    else for (const column of columns) place([column]);
  }
  return tables.every(fits) ? tables : undefined;
}

function draw(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  columns: readonly number[],
  left: number,
): string {
  const choose = (cells: readonly string[]) => columns.map((i) => cells[i] ?? "");
  const out = new Table({
    head: choose(titles),
    style: { head: [], border: [], compact: true },
    colAligns: columns.map((i) => (i < left ? "left" : "right")),
  });
  for (const row of rows) out.push(choose(row));
  return out.toString();
}

function lists(titles: readonly string[], rows: readonly (readonly string[])[], width: number): string {
  const [first = "", ...others] = titles.map(oneLine);
  const widest = largest(others.map((title) => stringWidth(title)));
  const padded = others.map((title) => title + " ".repeat(widest - stringWidth(title)));
  return rows
    .flatMap(([name = "", ...cells]) => [
      wrap(`${first} ${name}`, width),
      ...padded.map((title, i) => wrap(`  ${title}  ${oneLine(cells[i] ?? "")}`, width)),
    ])
    .join("\n");
}

function widestLine(text: string): number {
  return largest(text.split("\n").map((line) => stringWidth(line)));
}

function oneLine(text: string): string {
  return text.replaceAll("\n", " ");
}

/** `positionErrorMm` → `position` over `error, mm`, to keep columns narrow. */
export function measureTitle(key: string): string {
  const { name, unit } = measureName(key);
  const lines = name.replace(/ (?=\S+$)/, "\n");
  return unit === undefined ? lines : `${lines}, ${unit}`;
}

/**
 * The measures a table has room for: a task's errors, or without any the first three.
 * @param shown names of what has columns already
 */
export function measureKeys(
  rows: readonly { readonly measures: Readonly<Record<string, number>> }[],
  shown: readonly string[] = [],
): string[] {
  const all = new Set(rows.flatMap(({ measures }) => Object.keys(measures)));
  const keys = [...all].filter((key) => !shown.includes(key));
  const errors = keys.filter((key) => /Error[A-Z][a-z]*$/.test(key));
  return errors.length > 0 ? errors : keys.slice(0, 3);
}

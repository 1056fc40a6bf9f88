import { z } from "zod";
import { readDocument } from "../../sim/core/documents.js";
import { table } from "../compare/tables.js";

const FORMAT = "hypercrl-bench/1";

const UNITS = ["ms", "s", "GFLOP/s", "GB/s", "M/s", "steps/s", "MB", "share", "ratio"] as const;
export type Unit = (typeof UNITS)[number];

const figureSchema = z.strictObject({ value: z.number(), unit: z.enum(UNITS) });
/** What `describeMachine` says. */
export const machineSchema = z.strictObject({
  cpu: z.string(),
  cores: z.int().min(1),
  memoryGb: z.number(),
  platform: z.string(),
  versions: z.record(z.string(), z.string()),
  torch: z.record(z.string(), z.string()).optional(),
});
const resultSchema = z.strictObject({
  format: z.literal(FORMAT),
  machine: machineSchema,
  figures: z.record(z.string(), figureSchema),
});

/** A measured number; its dotted name never changes, so that results of different days can be compared. */
export type Figure = z.infer<typeof figureSchema>;
export type Figures = Readonly<Record<string, Figure>>;
export type Machine = z.infer<typeof machineSchema>;
export type BenchResult = z.infer<typeof resultSchema>;

/** One line of the table for people. */
export interface Row {
  readonly what: string;
  readonly figure: string;
  /** The machine's own rate, or what else of the same run it stands against. */
  readonly against: string;
  readonly ratio: string;
}

/** What one section of the benchmark found. */
export interface Section {
  readonly figures: Figures;
  readonly rows: readonly Row[];
}

/** Several sections as one. */
export function joinSections(sections: readonly Section[]): Section {
  return {
    figures: Object.assign({}, ...sections.map(({ figures }) => figures)),
    rows: sections.flatMap(({ rows }) => rows),
  };
}

export function benchResult(machine: Machine, { figures }: Section): BenchResult {
  return { format: FORMAT, machine, figures };
}

/** Puts a common prefix before the names of figures given as `[value, unit]`. */
export function named(prefix: string, values: Readonly<Record<string, readonly [number, Unit]>>): Figures {
  return Object.fromEntries(
    Object.entries(values).map(([name, [value, unit]]) => [`${prefix}.${name}`, { value, unit }]),
  );
}

export function sectionTable({ rows }: Section): string {
  const head = ["what", "figure", "limit or reference, same run", "share or\nratio"];
  const cells = ({ what, figure, against, ratio }: Row) => [what, figure, against, ratio];
  return table([head], rows.map(cells), { left: 3 });
}

/** A result written by `--json`. @throws InputError when the file cannot be read or is no bench result */
export function readResult(path: string): BenchResult {
  return readDocument(path, resultSchema, {
    expected: `a bench result of format ${FORMAT}`,
    todo: "Write one with `npm run bench -- --json FILE`",
  });
}

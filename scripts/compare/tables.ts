import { join } from "node:path";
import Table from "cli-table3";
import { type Summary, spread } from "../runs/summary.js";
import { measureName } from "./measure-name.js";

/** Lays out rows under a header; every column but the first is aligned right. No colours, so that it can be piped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const out = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, i) => (i < left ? "left" : "right")),
  });
  for (const row of rows) out.push([...row]);
  return out.toString();
}

/** A number for people; `–` for what was not measured. */
export function number(value: number | null | undefined, digits = 1): string {
  return value === undefined || value === null || !Number.isFinite(value) ? "–" : value.toFixed(digits);
}

export function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "–";
}

/** `positionErrorMm` → `position` over `error, mm`, to keep columns narrow. */
export function measureTitle(key: string): string {
  const { name, unit } = measureName(key);
  const lines = name.replace(/ (?=\S+$)/, "\n");
  return unit === undefined ? lines : `${lines}, ${unit}`;
}

/** The measures a table has room for: a task's errors, or without any the first three. */
export function measureKeys(
  rows: readonly { readonly measures: Readonly<Record<string, number>> }[],
): string[] {
  const keys = [...new Set(rows.flatMap(({ measures }) => Object.keys(measures)))];
  const errors = keys.filter((key) => /Error[A-Z][a-z]*$/.test(key));
  return errors.length > 0 ? errors : keys.slice(0, 3);
}

/** The table and its definitions, the best episode's replay command and the run folder. */
export function summaryText({ tasks, best }: Summary, folder: string): string {
  const keys = measureKeys(tasks);
  const head = ["task", "random\nreturn", "after own\ntraining", "after\nlast task", "forgetting"];
  const rows = tasks.map((t) => [
    t.task,
    ...[t.random, t.learned, t.final, t.forgetting].map((v) => number(v)),
    percent(t.success),
    ...keys.map((key) => number(t.measures[key])),
  ]);
  const column = (pick: (t: (typeof tasks)[number]) => number) => spread(tasks.map(pick)).mean;
  const means = [
    "mean",
    ...(["random", "learned", "final", "forgetting"] as const).map((key) => number(column((t) => t[key]))),
    percent(column((t) => t.success)),
    ...keys.map((key) => number(column((t) => t.measures[key] ?? Number.NaN))),
  ];
  const lines = [
    table([...head, "success", ...keys.map(measureTitle)], tasks.length > 1 ? [...rows, means] : rows),
    "Returns are undiscounted sums of rewards, mean over the evaluation episodes; forgetting = return after own training -",
    "return after last task. Success (as the task defines it) and errors (at an episode's end): last evaluation; – not measured yet.",
  ];
  if (best !== undefined) {
    lines.push(
      "",
      `Best episode (${best.task}, return ${number(best.return)}), simulated again and compared bit by bit:`,
      `  npx hypercrl replay ${shellWord(join(folder, best.recording))} --verify`,
    );
  }
  lines.push(`Run folder: ${folder}`);
  return lines.join("\n");
}

/** `1 task`, `2 tasks`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** A path as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w./@:+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

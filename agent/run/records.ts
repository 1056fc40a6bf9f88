import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../sim/core/errors.js";
import { readJsonl } from "../../sim/core/jsonl.js";

/** Logs write null for what is not finite. */
const figure = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const index = z.int().min(0);
const outcome = {
  type: z.string(),
  task: z.string(),
  taskIndex: index,
  return: figure,
  success: z.boolean(),
  measures: z.record(z.string(), z.number().nullable()),
  recording: z.string(),
};
/** When in a task something happened: environment steps made in it. */
const moment = { taskIndex: index, steps: index };

const METRICS = {
  baseline: z.object(outcome),
  episode: z.object({ ...outcome, phase: z.enum(["random", "train"]), steps: index }),
  evaluation: z.object({ ...outcome, afterTask: index }),
  training: z.object({ ...moment, taskLoss: figure, regularizer: figure }),
};
const TIMINGS = {
  training: z.object({ ...moment, ms: z.number(), waitedMs: z.number() }),
  planning: z.object({ ...moment, ms: z.number(), actions: z.int().min(1) }),
  usage: z.object({ session: z.number(), wallMs: z.number(), peakMiB: z.number() }),
};

type Records<Schemas extends Readonly<Record<string, z.ZodType>>> = {
  readonly [Type in keyof Schemas]: z.infer<Schemas[Type]>[];
};
/** What reports and comparisons take from `metrics.jsonl`, by type in the order of the log. */
export type Metrics = Records<typeof METRICS>;
/** The same of `timing.jsonl`; versions that did not note planning leave none. */
export type Timings = Records<typeof TIMINGS>;

/** @param tasks how many the run has @throws InputError when the log is missing or damaged */
export function readMetrics(folder: string, tasks: number): Metrics {
  return readRecords(join(folder, "metrics.jsonl"), METRICS, tasks);
}

/** Nothing when a run has no such log. @throws InputError when it is damaged */
export function readTimings(folder: string, tasks: number): Timings {
  const path = join(folder, "timing.jsonl");
  return existsSync(path) ? readRecords(path, TIMINGS, tasks) : { training: [], planning: [], usage: [] };
}

/** Records of the types that have a schema; others are for other readers. */
function readRecords<Schemas extends Readonly<Record<string, z.ZodType>>>(
  path: string,
  schemas: Schemas,
  tasks: number,
): Records<Schemas> {
  const records = Object.fromEntries(Object.keys(schemas).map((type) => [type, [] as unknown[]]));
  for (const [i, record] of readJsonl(path).records.entries()) {
    const { type, taskIndex = 0, afterTask = 0 } = (record ?? {}) as Record<string, unknown>;
    if (typeof type !== "string") throw damaged(path, i, "no type", "a record with a type");
    if (!Object.hasOwn(schemas, type)) continue;
    const parsed = schemas[type].safeParse(record);
    if (!parsed.success) throw damaged(path, i, firstIssue(parsed.error), `record of type ${type}`);
    const task = Math.max(Number(taskIndex), Number(afterTask));
    if (task >= tasks) throw damaged(path, i, `task index ${task}`, `less than the run's ${tasks} tasks`);
    records[type].push(parsed.data);
  }
  return records as Records<Schemas>;
}

/** Where a value differs from its schema, on one line. */
export function firstIssue({ issues: [{ path, message }] }: z.ZodError): string {
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}

function damaged(path: string, line: number, got: string, expected: string): InputError {
  return new InputError({
    what: `Log ${path} is damaged in line ${line + 1}`,
    got,
    expected,
    todo: "Restore the log from a copy, or leave this run out",
  });
}

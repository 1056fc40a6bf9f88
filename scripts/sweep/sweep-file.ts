import { z } from "zod";
import { gotAndExpected } from "../../agent/settings/parse.js";
import { readJsonFile } from "../../sim/core/documents.js";
import { firstOf } from "../../sim/core/element.js";
import { InputError } from "../../sim/core/errors.js";
import { didYouMean } from "../../sim/core/one-of.js";
import type { SweepChoice } from "./plan.js";

const seeds = z.array(z.int().min(0).max(4294967295)).min(1);
const assignments = z.record(z.string(), z.unknown());
const line = z.strictObject({
  label: z.string().min(1).optional(),
  method: z.string(),
  seeds: seeds.optional(),
  set: assignments.optional(),
});
const schema = z.strictObject({
  suite: z.string().min(1).optional(),
  profile: z.string().optional(),
  planner: z.string().min(1).optional(),
  tasks: z.int().min(1).optional(),
  /** A method's name alone, or with a label, seeds and settings of its own. */
  methods: z
    .array(z.preprocess((value) => (typeof value === "string" ? { method: value } : value), line))
    .min(1)
    .optional(),
  seeds: seeds.optional(),
  set: assignments.optional(),
});

const EXAMPLE = 'JSON such as {"suite": "push", "methods": ["hypercrl", "single"], "seeds": [1, 2, 3]}';

/** Reads a sweep file (JSON). @throws InputError naming the first key or value that is wrong */
export function readSweepFile(path: string): SweepChoice {
  const value = readJsonFile(path, { expected: EXAMPLE, todo: "Check the file" });
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw wrongContent(path, value, firstOf(parsed.error.issues, "problems"));
  const { set = {}, tasks, ...choice } = parsed.data;
  const all = tasks === undefined ? set : { ...set, tasks };
  return {
    ...choice,
    assignments: Object.entries(all).map(([name, value]) => `${name}=${JSON.stringify(value)}`),
  };
}

function wrongContent(path: string, value: unknown, issue: z.core.$ZodIssue): InputError {
  const at = issue.path.join(".");
  if (issue.code !== "unrecognized_keys") {
    return new InputError({
      what: `Sweep file ${path} is not valid at ${at || "its top"}`,
      ...gotAndExpected(value, issue),
      todo: `A sweep file is ${EXAMPLE}`,
    });
  }
  const key = firstOf(issue.keys, "unknown keys");
  const known = Object.keys(at === "" ? schema.shape : line.shape);
  return new InputError({
    what: `Unknown key in sweep file ${path}${at && ` at ${at}`}`,
    got: `"${key}"`,
    expected: `one of ${known.join(", ")}`,
    ...didYouMean(key, known),
  });
}

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readDocument, writeDocument } from "../../sim/core/documents.js";
import type { TaskSuite } from "../../sim/task.js";
import { RUN_FILES } from "./run-files.js";

/**
 * What a run's suite was when the run began. A suite of one's own is a file that goes on being changed: with other bounds,
 * masses or lengths the run would go on with another task under the same name, and its figures would mean nothing.
 * @module
 */

const recordSchema = z.strictObject({
  version: z.literal(1),
  suite: z.string(),
  /** Of every task that the run learns: its name, all that its spec says, and whether it says what ends an episode. */
  tasks: z.array(
    z.strictObject({
      name: z.string(),
      spec: z.record(z.string(), z.unknown()),
      terminates: z.literal(true).optional(),
    }),
  ),
  /** SHA-256 of the suite's module and of those that it imports by relative paths, by path from the module's folder. */
  modules: z.record(z.string(), z.string()).optional(),
});

/** What a suite is, to be compared. */
export type SuiteRecord = z.infer<typeof recordSchema>;

/**
 * Describes a suite as runs record it.
 * @param tasks how many of its tasks, from the first
 * @param modules hashes of its files by path; undefined for one that is in no file of its own
 */
export function describeSuite(
  suite: TaskSuite,
  tasks: number,
  modules: Readonly<Record<string, string>> | undefined,
): SuiteRecord {
  return {
    version: 1,
    suite: suite.name,
    // As JSON, so that it compares with what was read.
    tasks: suite.tasks.slice(0, tasks).map(({ name, spec, terminated }) => ({
      name,
      spec: asJson(spec),
      ...(terminated && { terminates: true }),
    })),
    ...(modules && { modules: { ...modules } }),
  };
}

/** SHA-256 (hexadecimal) of what is recorded of a task, whatever the order in which its spec says things. */
export function hashTask({ name, spec, ...others }: SuiteRecord["tasks"][number]): string {
  // What moves is for the model to see; a task is the same without.
  const { moving: _, ...told } = spec;
  const said = leaves({ ...told, ...others }, name).map(
    ([path, value]) => `${path}: ${JSON.stringify(value)}`,
  );
  return createHash("sha256").update(said.sort().join("\n")).digest("hex");
}

function asJson(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}

/** Writes what a run's suite is. @throws RunError when the disk is full */
export function writeSuiteRecord(folder: string, record: SuiteRecord): void {
  writeDocument(join(folder, RUN_FILES.suite), record);
}

/** Whether a run has noted what its suite is. */
export function hasSuiteRecord(folder: string): boolean {
  return existsSync(join(folder, RUN_FILES.suite));
}

/** What a run's suite was; undefined for runs of versions that did not note it. @throws InputError when it is damaged */
export function readSuiteRecord(folder: string): SuiteRecord | undefined {
  if (!hasSuiteRecord(folder)) return undefined;
  return readDocument(join(folder, RUN_FILES.suite), recordSchema, {
    expected: "what a suite was, as `hypercrl train` writes it",
    todo: "Restore the file from a copy, or, if the suite's tasks have no revision, delete it: changes of the suite are then not noticed",
  });
}

/**
 * Where tasks and specs differ: dotted names with both values, as `0.5kg.action.0.high: 1 in the run, 10 now`. What moves is
 * compared where the run's suite named it: one that names it since is the same suite for a model that sees none of it.
 */
export function specDifferences(then: SuiteRecord, now: SuiteRecord): string[] {
  const named = new Set(then.tasks.flatMap(({ name, spec }) => (spec.moving === undefined ? [] : [name])));
  const values = ({ tasks }: SuiteRecord) =>
    new Map(
      tasks.flatMap(
        ({ name, spec, terminates }, i) =>
          [
            [`task ${i + 1}`, name],
            ...leaves(named.has(name) ? spec : { ...spec, moving: undefined }, name),
            ...(terminates ? [[`${name}.terminated`, terminates] as const] : []),
          ] as const,
      ),
    );
  return differences(values(then), values(now));
}

/** Names of modules that were changed, added or removed; none when one of the two has no modules. */
export function moduleDifferences({ modules: then }: SuiteRecord, { modules: now }: SuiteRecord): string[] {
  if (then === undefined || now === undefined) return [];
  const names = new Set([...Object.keys(then), ...Object.keys(now)]);
  return [...names].filter((name) => then[name] !== now[name]);
}

function leaves(value: unknown, name: string): (readonly [string, unknown])[] {
  if (typeof value !== "object" || value === null) return [[name, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${name}.${key}`));
}

function differences(then: ReadonlyMap<string, unknown>, now: ReadonlyMap<string, unknown>): string[] {
  const said = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value));
  return [...new Set([...then.keys(), ...now.keys()])]
    .filter((name) => then.get(name) !== now.get(name))
    .map((name) => `${name}: ${said(then.get(name))} in the run, ${said(now.get(name))} now`);
}

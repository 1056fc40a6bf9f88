import { RUN_FILES } from "../../agent/run/run-files.js";
import {
  describeSuite,
  moduleDifferences,
  readSuiteRecord,
  type SuiteRecord,
  specDifferences,
} from "../../agent/run/suite-record.js";
import { InputError } from "../../sim/core/errors.js";
import type { TaskSuite } from "../../sim/task.js";
import { isModulePath } from "./module-path.js";
import { moduleHashes } from "./suite-code.js";

/** What a call says of the suite of a run. */
export interface SuiteCall {
  /** As the call gave it. */
  readonly suite?: unknown;
  /** Go on although files of the suite have changed since the run began. */
  readonly acceptChangedSuite?: boolean;
  /** Told of what the run does not say. */
  readonly onWarning?: (text: string) => void;
}

/** What a suite is now, with the hashes of its files where the call gave a file. */
export async function suiteNow(
  suite: TaskSuite,
  tasks: number,
  { suite: given }: SuiteCall,
): Promise<SuiteRecord> {
  const isFile = typeof given === "string" && isModulePath(given);
  return describeSuite(suite, tasks, isFile ? await moduleHashes(given) : undefined);
}

/** Most differences that a message lists. */
const LISTED = 5;

/**
 * Compares a suite with what it was when a run began.
 * @throws InputError when its specs differ, or its files do and the call does not accept that
 */
export function checkSameSuite(folder: string, now: SuiteRecord, call: SuiteCall): void {
  const warn = call.onWarning ?? (() => {});
  const then = readSuiteRecord(folder);
  if (then === undefined) {
    refuseUnknownRevision(folder, now);
    warn(`run ${folder} does not say what its suite was when it began: changes since are not noticed`);
    return;
  }
  const specs = specDifferences(then, now);
  if (specs.length > 0) {
    const got = specs.slice(0, LISTED).join("; ") + (specs.length > LISTED ? "; …" : "");
    throw anotherSuite(folder, now, got);
  }
  const files = moduleDifferences(then, now);
  if (files.length === 0) return;
  const changed = `${files.slice(0, LISTED).join(", ")}${files.length > LISTED ? ", …" : ""}`;
  if (!call.acceptChangedSuite) {
    throw new InputError({
      what: `Suite ${now.suite} has changed since run ${folder} was begun`,
      got: `other contents of ${changed}`,
      expected: "the files that the run was begun with",
      todo: "Restore them, or give --accept-changed-suite when you know that its tasks are the same",
    });
  }
  warn(`suite ${now.suite} has changed since run ${folder} was begun: ${changed}`);
}

/** A run of a version that noted nothing of suites is older than all revisions. */
function refuseUnknownRevision(folder: string, now: SuiteRecord): void {
  const revised = now.tasks.find(({ spec }) => (spec.revision ?? 0) !== 0);
  if (revised === undefined) return;
  const { name, spec } = revised;
  throw anotherSuite(
    folder,
    now,
    `no ${RUN_FILES.suite} in the run, and ${name}.revision ${String(spec.revision)} now`,
  );
}

function anotherSuite(folder: string, { suite }: SuiteRecord, got: string): InputError {
  return new InputError({
    what: `Suite ${suite} is not what run ${folder} was made with`,
    got,
    expected: "the same tasks, channels, bounds and lengths",
    todo: "Restore the suite as it was (one of the package by installing the version that made the run), or begin a new run",
  });
}

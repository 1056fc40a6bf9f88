import { existsSync } from "node:fs";
import { gotAndExpected } from "../../../agent/settings/parse.js";
import { namedVisits, SCHEDULE_WORDS } from "../../../agent/settings/schedule.js";
import { readJsonFile } from "../../../sim/core/documents.js";
import { firstOf } from "../../../sim/core/element.js";
import { InputError } from "../../../sim/core/errors.js";
import { oneOf } from "../../../sim/core/one-of.js";

/** Options that choose the tasks of a run and when they are learned, as typed. */
interface TaskArguments {
  readonly tasks?: number | undefined;
  readonly schedule?: string | undefined;
}

/** What `--schedule` is, for help. */
export const SCHEDULE_TEXT =
  "which task is learned when: once, rounds:N, random:N (visits), or a JSON file that lists visits (sets loop.schedule)";

const KINDS = ["once", "rounds", "random"];
const EXAMPLE = 'JSON such as [{"task": "500-500", "steps": 1500}, {"task": "100-500"}]';

/**
 * What `--schedule` says as an assignment of a setting; none without it.
 * @param text words, or the path of a JSON file with a list of visits
 * @throws UsageError for words that are none, InputError for a file that cannot be read or lists no visits
 */
export function scheduleAssignments(text: string | undefined): string[] {
  if (text === undefined) return [];
  // A word is a word also where a file has its name.
  if (SCHEDULE_WORDS.test(text)) return [`loop.schedule=${text}`];
  if (text.endsWith(".json") || existsSync(text)) {
    return [`loop.schedule=${JSON.stringify(readVisits(text))}`];
  }
  const [kind = ""] = text.split(":");
  oneOf("schedule", kind, KINDS, "Or give the path of a JSON file that lists visits");
  return [`loop.schedule=${text}`];
}

/** What `--schedule` and `--tasks` say as assignments of settings. @throws as `scheduleAssignments` */
export function taskAssignments({ tasks, schedule }: TaskArguments): string[] {
  return [...scheduleAssignments(schedule), ...(tasks === undefined ? [] : [`tasks=${tasks}`])];
}

function readVisits(path: string) {
  const value = readJsonFile(path, { expected: EXAMPLE, todo: "Check the path" });
  const parsed = namedVisits.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = firstOf(parsed.error.issues, "problems");
  const place = issue.path.join(".") || "its top";
  const unknown = issue.code === "unrecognized_keys" ? issue.keys : undefined;
  throw new InputError({
    what: `Schedule ${path} is not valid at ${place}`,
    ...(unknown === undefined
      ? gotAndExpected(value, issue)
      : { got: `the key "${firstOf(unknown, "unknown keys")}"`, expected: "task and, if you like, steps" }),
    todo: `A schedule is ${EXAMPLE}`,
  });
}

import { InputError } from "../../sim/core/errors.js";
import { inWords } from "../../sim/core/in-words.js";
import { problemOf } from "../../sim/core/problem.js";
import { DEFAULTS_EXPECTED, isProfileDefaults } from "../../sim/core/profiles.js";
import { isLine } from "../../sim/core/shown.js";
import { checkLimit, LimitExceeded } from "../../sim/recording/limits.js";
import type { Task, TaskSuite } from "../../sim/task.js";
import { otherParameters } from "../../sim/task-parameters.js";
import { endRules } from "./end-rules.js";
import { episodeRules } from "./episode-rules.js";
import { recordingRules } from "./recording-rules.js";
import { specRules } from "./spec-rules.js";
import { startRules } from "./start-rules.js";
import { stateRules } from "./state-rules.js";
import { type ConformanceRule, ensure, type GraphRewards, Violation } from "./support.js";

export type { ConformanceRule, GraphRewards } from "./support.js";

/** Everything that the agent, the recordings and resumed runs rely on, in the order of checking. */
export const taskRules: readonly ConformanceRule[] = [
  ...specRules,
  ...endRules,
  ...episodeRules,
  ...stateRules,
  ...startRules,
  ...recordingRules,
];

/**
 * Checks a task against one rule.
 * @throws InputError naming task, rule, what was found and what is expected; an error of the task's own is its cause
 */
export async function checkRule(
  rule: ConformanceRule,
  task: Task,
  suiteName: string,
  graphRewards: GraphRewards,
): Promise<void> {
  try {
    await rule.check(task, graphRewards);
  } catch (error) {
    throw broken(`Task ${task.name} of suite ${suiteName}`, rule, error);
  }
}

/**
 * Checks a value from outside as a suite: its own members, then every task against every rule.
 * @returns the value, which is a suite
 * @throws InputError for the first rule that is broken
 */
export async function checkSuite(
  value: unknown,
  source: string,
  graphRewards: GraphRewards,
): Promise<TaskSuite> {
  let suite: TaskSuite;
  try {
    suite = ensureSuite(value);
  } catch (error) {
    throw broken(source, SUITE_RULE, error);
  }
  for (const task of suite.tasks) {
    for (const rule of taskRules) await checkRule(rule, task, suite.name, graphRewards);
  }
  try {
    ensureSameLayout(suite);
  } catch (error) {
    throw broken(`Suite ${suite.name}`, LAYOUT_RULE, error);
  }
  const fault = otherParameters(suite.tasks);
  if (fault !== undefined)
    throw broken(`Suite ${suite.name}`, PARAMETERS_RULE, new Violation(fault.got, fault.expected));
  return suite;
}

const SUITE_RULE = {
  name: "suite",
  expected: "a default export { name, description, tasks } with uniquely named tasks",
};
const LAYOUT_RULE = {
  name: "same-layout",
  expected: "the same observation and action channels in all tasks: one network learns them all",
};
const PARAMETERS_RULE = {
  name: "same-parameters",
  expected: "the same parameters in all tasks, with other values: they tell the tasks apart",
};

function broken(
  what: string,
  rule: { readonly name: string; readonly expected: string },
  error: unknown,
): InputError {
  const known = error instanceof Violation || error instanceof LimitExceeded;
  return new InputError({
    what: `${what} breaks the rule "${rule.name}"`,
    got: known ? error.message : `the error "${problemOf(error)}"`,
    expected: known && error.expected !== undefined ? `${error.expected}: ${rule.expected}` : rule.expected,
    todo: "docs/guides/own-suite.md explains every rule",
    ...(!known && { cause: error }),
  });
}

function ensureSuite(value: unknown): TaskSuite {
  ensure(typeof value === "object" && value !== null, `a default export that is ${inWords(value)}`);
  const suite = value as Partial<TaskSuite>;
  for (const key of ["name", "description"] as const) {
    ensure(isLine(suite[key]), `${key} ${inWords(suite[key])}`, "text of one line");
  }
  checkLimit("nameLength", suite.name?.length ?? 0);
  ensure(isProfileDefaults(suite.defaults), `defaults ${inWords(suite.defaults)}`, DEFAULTS_EXPECTED);
  const oracle: unknown = suite.oracle ?? [];
  const assigns = Array.isArray(oracle) && oracle.every((one) => typeof one === "string");
  ensure(assigns, `oracle ${inWords(oracle)}`, 'assignments such as ["planner.horizon=10"], or nothing');
  const tasks: unknown = suite.tasks;
  ensure(Array.isArray(tasks) && tasks.length > 0, `tasks ${inWords(tasks)}`, "at least one task");
  const names = (tasks as unknown[]).map((task) =>
    typeof task === "object" && task !== null ? Reflect.get(task, "name") : undefined,
  );
  names.forEach((name: unknown, i) => {
    ensure(isLine(name), `task ${i} with the name ${inWords(name)}`, "text of one line");
    ensure(names.indexOf(name) === i, `two tasks named ${name}`, "unique names");
  });
  return value as TaskSuite;
}

/** What decides how a channel is learned. */
const CHANNEL_FLAGS = ["angle", "absolute", "quaternion"] as const;

function ensureSameLayout({ tasks }: TaskSuite): void {
  const layout = ({ spec }: Task) => [
    ...[...spec.observation, ...spec.action].map(({ name, ...channel }) => {
      const flags = CHANNEL_FLAGS.filter((flag) => Reflect.get(channel, flag) === true);
      return flags.length === 0 ? name : `${name} (${flags.join(", ")})`;
    }),
    ...(spec.moving ?? []).map(({ name, weights }) => `${name} (moving, ${JSON.stringify(weights)})`),
  ];
  const first = layout(tasks[0]!).join(", ");
  for (const task of tasks) {
    const own = layout(task).join(", ");
    ensure(own === first, `${task.name} with ${own}`, first);
  }
}

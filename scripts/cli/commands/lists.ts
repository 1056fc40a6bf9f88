import { describeSettings } from "../../../agent/settings/schema.js";
import type { Channel } from "../../../sim/task.js";
import { table } from "../../compare/tables.js";
import { wrap } from "../../compare/text.js";
import { suiteFrom } from "../../runs/suite-file.js";
import { defaultRegistry } from "../../runs/suites.js";
import { type Io, say } from "../io.js";

/** `hypercrl tasks`: the suites and their tasks; with `--suite` that one alone, which checks a suite module. */
export async function tasksCommand(
  { json, suite: only }: { readonly json?: boolean; readonly suite?: string },
  io: Io,
): Promise<number> {
  const chosen = only === undefined ? defaultRegistry.list() : [await suiteFrom(only)];
  const suites = chosen.map(({ name, description, tasks }) => ({
    suite: name,
    description,
    tasks: tasks.map((task) => ({ task: task.name, ...task.spec })),
  }));
  if (json) io.out(JSON.stringify(suites));
  else for (const suite of suites) io.out(suiteText(suite, io.columns()));
  return 0;
}

interface SuiteRow {
  readonly suite: string;
  readonly description: string;
  readonly tasks: readonly {
    readonly task: string;
    readonly observation: readonly Channel[];
    readonly action: readonly Channel[];
    readonly episodeSteps: number;
    readonly controlPeriod: number;
  }[];
}

function suiteText({ suite, description, tasks }: SuiteRow, width: number): string {
  const rows = tasks.map((t) => [
    t.task,
    String(t.observation.length),
    String(t.action.length),
    String(t.episodeSteps),
    `${Number((1 / t.controlPeriod).toFixed(3))} Hz`,
  ]);
  const list = (channels: readonly Channel[]) =>
    channels.map(({ name, unit }) => `${name} (${unit})`).join(", ");
  return [
    wrap(`${suite}: ${description}`, width),
    table([["task", "observations", "actions", "steps per episode", "control rate"]], rows, { width }),
    wrap(`observation of ${tasks[0].task}: ${list(tasks[0].observation)}`, width),
    wrap(`action: ${list(tasks[0].action)}`, width),
  ].join("\n");
}

/** `hypercrl settings`: every setting with the defaults of both profiles for a suite and a method. */
export async function settingsCommand(
  { json, suite, method }: { readonly json?: boolean; readonly suite: string; readonly method: string },
  io: Io,
): Promise<number> {
  const settings = describeSettings((await suiteFrom(suite)).name, method);
  if (json) io.out(JSON.stringify(settings));
  else {
    for (const { name, quick, paper, text } of settings) {
      say(io, `${name}=${quick}${paper === quick ? "" : `  (paper: ${paper})`}\n  ${text}`);
    }
    say(io, "Change one with `--set NAME=VALUE`, for example `--set planner.samples=100`.");
  }
  return 0;
}

import { partsOf } from "../../../agent/catalog.js";
import { describeSettings } from "../../../agent/settings/describe.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { firstOf } from "../../../sim/core/element.js";
import { PROFILES } from "../../../sim/core/profiles.js";
import type { Channel, NamedOutcome, TaskParameter } from "../../../sim/task.js";
import { table } from "../../compare/tables.js";
import { wrap } from "../../compare/text.js";
import { builtinCatalog } from "../../parts/catalog.js";
import { gatherParts } from "../../parts/given-parts.js";
import { suiteFrom } from "../../parts/suite-file.js";
import { defaultMemoryLimit, inGiB, memoryOfRun } from "../../runs/memory-limit.js";
import { type Io, say } from "../io.js";

/** `hypercrl tasks`: the suites and their tasks; with `--suite` that one alone, which checks a suite module. */
export async function tasksCommand(
  { json, suite: only }: { readonly json?: boolean; readonly suite?: string },
  io: Io,
): Promise<number> {
  const chosen = only === undefined ? builtinCatalog.suites : [await suiteFrom(only, builtinCatalog)];
  const suites = chosen.map(({ name, description, tasks }) => ({
    suite: name,
    description,
    tasks: tasks.map(({ name: task, spec, parameters, outcomes }) => ({
      task,
      ...spec,
      ...(parameters && { parameters }),
      ...(outcomes && { outcomes: outcomes.map(({ name, description }) => ({ name, description })) }),
    })),
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
    readonly parameters?: readonly TaskParameter[];
    readonly outcomes?: readonly Pick<NamedOutcome, "name" | "description">[];
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
  const first = firstOf(tasks, "tasks");
  const list = (channels: readonly Channel[]) =>
    channels.map(({ name, unit }) => `${name} (${unit})`).join(", ");
  return [
    wrap(`${suite}: ${description}`, width),
    table([["task", "observations", "actions", "steps per episode", "control rate"]], rows, { width }),
    wrap(`observation of ${first.task}: ${list(first.observation)}`, width),
    wrap(`action: ${list(first.action)}`, width),
    ...(first.parameters ?? []).map(({ name, unit, low, high }) =>
      wrap(`the tasks differ in: ${name} (${unit}), from ${low} to ${high}`, width),
    ),
    ...(first.outcomes ?? []).map(({ name, description }) =>
      wrap(`counted beside success: ${name}, where ${description}`, width),
    ),
  ].join("\n");
}

export interface SettingsFlags {
  readonly suite: string;
  readonly method: string;
  readonly planner?: string;
  /** `name=value`, which replace defaults. */
  readonly set: readonly string[];
  readonly json?: boolean;
}

/**
 * `hypercrl settings`: every setting with the defaults of both profiles for a suite, a method and a planner, and the memory
 * that a run with them needs.
 */
export async function settingsCommand({ json, set, ...chosen }: SettingsFlags, io: Io): Promise<number> {
  const { suite: wanted, ...parts } = chosen;
  const { method = parts.method, planner, catalog } = await gatherParts(parts);
  const suite = await suiteFrom(wanted, catalog);
  const settings = describeSettings({ suite, method, planner }, catalog, set);
  if (json) {
    io.out(JSON.stringify(settings));
    return 0;
  }
  for (const { name, quick, paper, text } of settings) {
    say(io, `${name}=${quick}${paper === quick ? "" : `  (paper: ${paper})`}\n  ${text}`);
  }
  const needs = PROFILES.map((profile) => {
    const resolved = resolveSettings({ suite, method, planner, profile, seed: 1 }, set, catalog);
    const parts = partsOf(catalog, resolved);
    return `${inGiB(memoryOfRun(suite.tasks, resolved, parts, undefined).bytes)} (${profile})`;
  });
  const limit = inGiB(defaultMemoryLimit());
  say(io, `A run with these needs about ${needs.join(" or ")} of memory; here it may take ${limit}.`);
  say(io, "Change one with `--set NAME=VALUE`, for example `--set planner.samples=100`.");
  return 0;
}

import type {
  Channel,
  MovingQuantity,
  ObservationChannel,
  TaskParameter,
  TaskSuite,
} from "../../../sim/task.js";
import { markdownTable } from "./markdown-table.js";

/** Where a suite's page has its tables; what stands between the lines is replaced. */
const BEGIN = "<!-- made by npm run suite-tables -->";
const END = "<!-- end -->";

const SCALES = { linear: "linear", log: "logarithmic" } as const;

/** Tables of a suite's tasks, observations and actions, in Markdown, as its code has them. */
export function suiteTables({ tasks: [first, ...others] }: TaskSuite): string {
  if (first === undefined) return "";
  const { observation, action, moving = [], episodeSteps, controlPeriod } = first.spec;
  const names = [first, ...others].map(({ name }) => `\`${name}\``).join(", ");
  const seconds = Number((episodeSteps * controlPeriod).toFixed(3));
  return [
    `Tasks, in the order in which they are learned: ${names}.`,
    ...(first.parameters === undefined ? [] : [parametersText(first.parameters)]),
    `An episode has ${episodeSteps} control steps of ${controlPeriod} s, ${seconds} s in all.`,
    `**Observation** (${observation.length} numbers)`,
    markdownTable(
      ["index", "channel", "unit", "the model reads", "and predicts"],
      grouped(observation, modelUse).map(({ range, label, unit, note }) => [range, label, unit, ...note]),
    ),
    ...(moving.length === 0 ? [] : movingTable(moving)),
    `**Action** (${action.length} ${action.length === 1 ? "number" : "numbers"}; the unit is what an action of 1 means)`,
    markdownTable(
      ["index", "channel", "unit", "bounds"],
      grouped(action, ({ low, high }) => [`${low} … ${high}`]).map(({ range, label, unit, note }) => [
        range,
        label,
        unit,
        ...note,
      ]),
    ),
    ...(first.outcomes ?? []).map(
      ({ name, description }) => `**Counted beside success:** \`${name}\`, where ${description}.`,
    ),
  ].join("\n\n");
}

function parametersText(parameters: readonly TaskParameter[]): string {
  const each = parameters.map(
    ({ name, unit, low, high, scale }) =>
      `\`${name}\` (${unit === "1" ? "" : `${unit}, `}from ${low} to ${high} on a ${SCALES[scale]} scale)`,
  );
  return `They differ in ${each.join(" and ")}.`;
}

function movingTable(moving: readonly MovingQuantity[]): readonly string[] {
  const rows = moving.map(({ name, unit, weights }) => {
    const sum = Object.entries(weights).map(([channel, weight]) => `${weight} \`${channel}\``);
    return [`\`${name}\``, unit, sum.join(" + ")];
  });
  return [
    "**Moving**: quantities of which `dynamics.history` shows the model the last changes",
    markdownTable(["quantity", "unit", "weighted sum of channels"], rows),
  ];
}

/** A page with its tables brought up to date. @throws RangeError when it has no place for them */
export function withTables(page: string, suite: TaskSuite): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new RangeError(`The page of ${suite.name} lacks the line ${BEGIN}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${suiteTables(suite)}\n\n${page.slice(end)}`;
}

/** What the model reads of a channel, and what it predicts. */
function modelUse({ angle, quaternion, absolute }: ObservationChannel): readonly string[] {
  if (quaternion) return ["the value", "the step's rotation"];
  return [angle ? "cosine and sine" : "the value", absolute ? "the next value" : "the change"];
}

interface Row {
  readonly range: string;
  readonly label: string;
  readonly unit: string;
  /** Further cells. */
  readonly note: readonly string[];
}

/** One row per channel; channels whose names differ in a final number alone share one. */
function grouped<C extends Channel>(
  channels: readonly C[],
  noteOf: (channel: C) => readonly string[],
): Row[] {
  const groups: { stem: string; channels: C[]; start: number }[] = [];
  channels.forEach((channel, start) => {
    const stem = channel.name.replace(/\d+$/, "");
    const last = groups.at(-1);
    if (last !== undefined && stem !== channel.name && last.stem === stem) last.channels.push(channel);
    else groups.push({ stem, channels: [channel], start });
  });
  return groups.map(({ channels: members, start }) => {
    const names = members.map(({ name }) => `\`${name}\``);
    const several = members.length > 1;
    return {
      range: several ? `${start} … ${start + members.length - 1}` : String(start),
      label: several ? `${names[0]} … ${names.at(-1)}` : names.join(),
      unit: members[0]?.unit ?? "",
      note: members[0] === undefined ? [] : noteOf(members[0]),
    };
  });
}

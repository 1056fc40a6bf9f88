import { z } from "zod";
import { parseJson } from "../core/parse-json.js";
import type { Channel, TaskSpec } from "../task.js";
import type { EpisodeHeader, EpisodeSpec, EpisodeTotals } from "./episode.js";
import { checkLimit } from "./limits.js";

const METADATA_VERSION = "1";
const integer = z
  .string()
  .regex(/^-?\d+$/)
  .transform(Number)
  .refine(Number.isSafeInteger);
const float = z
  .string()
  .regex(/^-?\d[\d.]*(e[-+]?\d+)?$/)
  .transform(Number)
  .refine(Number.isFinite);
const name = z.string().refine((text) => {
  checkLimit("nameLength", text.length);
  return true;
});
const json = z.string().transform((text, context) => {
  try {
    return parseJson(text) as unknown;
  } catch {
    context.addIssue({ code: "custom", message: "not JSON" });
    return z.NEVER;
  }
});
const channels = json.pipe(z.array(z.object({ name, unit: name })));

const switchesSchema = z
  .array(z.object({ steps: z.int().min(1), task: name, taskIndex: z.int() }))
  .refine((list) => list.every(({ steps }, i) => i === 0 || steps > list[i - 1]!.steps));

const metadataSchema = z.object({
  formatVersion: z.literal(METADATA_VERSION),
  suite: name,
  task: name,
  taskIndex: integer,
  phase: z.enum(["random", "train", "evaluate"]),
  randomSteps: integer.refine((steps) => steps > 0).optional(),
  believed: json.pipe(z.array(z.object({ found: z.int().min(0), steps: z.int().min(1) }))).optional(),
  switches: json.pipe(switchesSchema).optional(),
  episodeSteps: integer.refine((steps) => steps > 0).optional(),
  afterTask: integer,
  visit: integer.refine((visit) => visit >= 0).optional(),
  seed: integer,
  starts: z.enum(["seeded", "varied"]).optional(),
  settingsHash: name,
  versionHypercrl: name,
  versionPhysics: name,
  versionNode: name.optional(),
  controlPeriod: float.refine((seconds) => seconds > 0),
  observation: channels.refine((list) => list.length > 0),
  action: channels,
  measures: json.pipe(z.array(name)).optional(),
  steps: integer.refine((steps) => steps >= 0),
  return: float,
  success: z.enum(["true", "false"]).transform((text) => text === "true"),
  terminated: z.literal("true").optional(),
});

/**
 * The `episode` metadata record: every value a string, in a fixed order.
 * @param measures names of the scene's measures
 */
export function toMetadata(
  header: EpisodeHeader,
  spec: TaskSpec,
  measures: readonly string[],
  totals: EpisodeTotals,
): Map<string, string> {
  const names = (list: readonly Channel[]) => JSON.stringify(list.map(({ name, unit }) => ({ name, unit })));
  const { versions } = header;
  return new Map([
    ["formatVersion", METADATA_VERSION],
    ["suite", header.suite],
    ["task", header.task],
    ["taskIndex", String(header.taskIndex)],
    ["phase", header.phase],
    ...optional("randomSteps", header.randomSteps),
    ...optional("believed", header.believed && JSON.stringify(header.believed)),
    ...optional("switches", header.switches && JSON.stringify(header.switches)),
    ...optional("episodeSteps", header.episodeSteps),
    ["afterTask", String(header.afterTask)],
    ...optional("visit", header.visit),
    ["seed", String(header.seed)],
    ...optional("starts", header.starts),
    ["settingsHash", header.settingsHash],
    ["versionHypercrl", versions.hypercrl],
    ["versionPhysics", versions.physics],
    ...optional("versionNode", versions.node),
    ["controlPeriod", String(spec.controlPeriod)],
    ["observation", names(spec.observation)],
    ["action", names(spec.action)],
    ["measures", JSON.stringify(measures)],
    ["steps", String(totals.steps)],
    ["return", String(totals.return)],
    ["success", String(totals.success)],
    ...optional("terminated", totals.terminated),
  ]);
}

/** The record's entry of a value that need not be there. */
function optional(key: string, value: string | number | true | undefined): (readonly [string, string])[] {
  return value === undefined ? [] : [[key, String(value)]];
}

/** Inverse of `toMetadata`. @throws ZodError when a field is absent or malformed, LimitExceeded when it is too long. */
export function fromMetadata(metadata: ReadonlyMap<string, string>): {
  header: EpisodeHeader;
  spec: EpisodeSpec;
  /** Undefined in recordings of earlier versions. */
  measures: readonly string[] | undefined;
  totals: EpisodeTotals;
} {
  const fields = metadataSchema.parse(Object.fromEntries(metadata));
  const { observation, action, measures } = fields;
  checkLimit("channels", observation.length + action.length + (measures?.length ?? 0));
  const { suite, task, taskIndex, phase, randomSteps, believed, switches, episodeSteps, afterTask } = fields;
  const { visit, seed, starts, settingsHash } = fields;
  const { versionHypercrl: hypercrl, versionPhysics: physics, versionNode: node } = fields;
  const versions = node === undefined ? { hypercrl, physics } : { hypercrl, physics, node };
  const learned = {
    ...(randomSteps !== undefined && { randomSteps }),
    ...(believed !== undefined && { believed }),
    ...(switches !== undefined && { switches }),
    ...(episodeSteps !== undefined && { episodeSteps }),
    ...(starts !== undefined && { starts }),
  };
  return {
    header: {
      ...{ suite, task, taskIndex, phase, ...learned, afterTask },
      ...(visit !== undefined && { visit }),
      ...{ seed, settingsHash, versions },
    },
    spec: { observation, action, controlPeriod: fields.controlPeriod },
    measures,
    totals: {
      steps: fields.steps,
      return: fields.return,
      success: fields.success,
      ...(fields.terminated && { terminated: true }),
    },
  };
}

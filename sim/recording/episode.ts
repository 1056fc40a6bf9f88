import { z } from "zod";
import { parseJson } from "../core/parse-json.js";
import type { Channel, TaskSpec } from "../task.js";
import { checkLimit } from "./limits.js";

/** A change of the task in the middle of an episode. */
export interface TaskSwitch {
  /** Steps of the episode that were made before it, at least 1. */
  readonly steps: number;
  /** Name of the task of the steps that follow. */
  readonly task: string;
  /** Its index in the suite. */
  readonly taskIndex: number;
}

/** Who and what an episode was recorded for. Holds no clock time: the same episode gives the same bytes. */
export interface EpisodeHeader {
  readonly suite: string;
  /** That of the first step. */
  readonly task: string;
  readonly taskIndex: number;
  /**
   * What chose the actions: random exploration, planning while training, or an evaluation. A learning episode that went from
   * random exploration to planning has the first, `random`.
   */
  readonly phase: "random" | "train" | "evaluate";
  /** How many steps had random actions, where it was begun with them and went on with planning. */
  readonly randomSteps?: number;
  /**
   * Of a learning episode whose task the agent was not told: which of the tasks that it had found it believed in, 0-based, and for how
   * many steps, one stretch after the other.
   */
  readonly believed?: readonly { readonly found: number; readonly steps: number }[];
  /** Where the task changed within the episode, one change after the other. */
  readonly switches?: readonly TaskSwitch[];
  /** Steps after which it ended at the latest, where those are fewer than the task's. */
  readonly episodeSteps?: number;
  /**
   * Visits that had begun when this was recorded, less one; -1 before the first. Where every task is visited once, in the order of the
   * suite, it is the index of the last task begun.
   */
  readonly afterTask: number;
  /** The same number, where tasks are visited in another way than once in the order of the suite. */
  readonly visit?: number;
  /** Seed given to `Environment.reset`. */
  readonly seed: number;
  /**
   * What the start was drawn from: of a learning episode, where `loop.learningStarts` is not `shared`; of an evaluation, where
   * it was from varied starts.
   */
  readonly starts?: "seeded" | "varied";
  readonly settingsHash: string;
  readonly versions: { readonly hypercrl: string; readonly physics: string; readonly node?: string };
}

/** An episode summed up. */
export interface EpisodeTotals {
  readonly steps: number;
  /** Sum of the rewards in step order, float64. */
  readonly return: number;
  /** `Task.succeeded` on the last step's measures. */
  readonly success: boolean;
  /** Present if the episode ended by itself, with its last step. */
  readonly terminated?: true;
}

/** The parts of `TaskSpec` that give a recording's numbers their names and units. */
export interface EpisodeSpec {
  readonly observation: readonly Channel[];
  readonly action: readonly Channel[];
  /** s */
  readonly controlPeriod: number;
}

/** One control step of a recorded episode. */
export interface EpisodeStep {
  /** `[U]` */
  readonly action: Float32Array;
  /** `[X]`, after the action. */
  readonly observation: Float32Array;
  readonly reward: number;
  /** Sum of the rewards up to and with this step. */
  readonly returnSoFar: number;
  /** The episode ended by itself with this step. */
  readonly terminated: boolean;
  /** The episode ended with this step because its steps were made. */
  readonly truncated: boolean;
  /** `Scene.measure()` after the action; NaN for what was not finite. */
  readonly measures: Readonly<Record<string, number>>;
  /** SHA-256 (hex) of the scene's snapshot after the action: every 10 steps and at the episode's end. */
  readonly stateHash?: string | undefined;
}

/** Where a plan and others that were considered lead, by the model that they were made with. */
export interface Forecast {
  /** Observations after each step of the sequence whose first action is executed, `[H, X]`. */
  readonly chosen: Float32Array;
  /** The same of K others, the best first, `[K, H, X]`. */
  readonly others: Float32Array;
}

/** The way of a task's landmark along a sequence of actions. */
export interface PlannedPath {
  readonly landmark: string;
  /** Of the sequence whose first action is executed. */
  readonly chosen: boolean;
  /** From the present on, up to H + 1 positions (m), `[n, 3]`. */
  readonly points: Float32Array;
}

/** A recorded plan. */
export interface EpisodePlan {
  /** The step that was made by it, 1 the first. */
  readonly step: number;
  /** Expected observations after that step and later ones, `[h, X]`; h is H unless the prediction stops being finite. */
  readonly expected: Float32Array;
  readonly paths: readonly PlannedPath[];
}

/** Name of the task by which the step was made that follows a state of an episode, so many steps after its start. */
export function taskInState(
  { task, switches = [] }: Pick<EpisodeHeader, "task" | "switches">,
  state: number,
): string {
  return switches.findLast(({ steps }) => steps <= state)?.task ?? task;
}

/** The state that an episode starts from. */
export interface EpisodeStart {
  /** `[X]` */
  readonly observation: Float32Array;
  readonly measures: Readonly<Record<string, number>>;
  readonly stateHash: string;
}

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

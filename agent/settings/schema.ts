import { z } from "zod";
import type { PlannerSettings } from "../../planners/registry.js";
import type { PlannerDefinition } from "../../planners/types.js";
import { largest } from "../../sim/core/extremes.js";
import type { ProfileDefaults } from "../../sim/core/profiles.js";
import { fieldDescription, type SettingFields } from "../../sim/core/setting-fields.js";
import { ADDED_SETTINGS } from "./added.js";
import { choice, groups } from "./fields.js";
import { planningFields } from "./planning-fields.js";
import { Schedule, type ScheduleChoice } from "./schedule.js";

/** Names of a settings object that no method or planner may take for a group of its own. */
export const RESERVED_NAMES: readonly string[] = [
  ...Object.keys(choice),
  "method",
  ...Object.keys(groups),
  "planner",
];

/** What the settings must know of a method. */
export interface MethodSettings {
  readonly name: string;
  /** What it changes of a profile, after what the suite does. */
  readonly defaults?: ProfileDefaults;
  /** Settings that only this method has: the group of its name. */
  readonly settings?: SettingFields;
  /** Checks settings that it shares with others, where not all their combinations mean something to it. @throws UsageError */
  checkSettings?(settings: Settings): void;
  /** Whether it can learn a task again, see `Method.revisits`. */
  readonly revisits?: boolean;
}

/** What decides which settings there are: the methods and planners to choose from. */
export interface SettingsCatalog {
  readonly methods: readonly MethodSettings[];
  readonly planners: readonly Pick<PlannerDefinition, "name" | "settings">[];
}

type Group<S extends z.ZodRawShape> = z.infer<z.ZodObject<S>>;

/** Every setting of a run. A method's own settings are in a group of its name besides; see `ownSettings`. */
export interface Settings extends Group<typeof choice> {
  method: string;
  loop: Group<typeof groups.loop>;
  dynamics: Group<typeof groups.dynamics>;
  training: Group<typeof groups.training>;
  hypernetwork: Group<typeof groups.hypernetwork>;
  mlp: Group<typeof groups.mlp>;
  planner: { name: string } & Group<typeof planningFields> & PlannerSettings;
}

/** The values of a method's own settings; none for a method without. */
export function ownSettings(settings: Settings, method: string): Record<string, unknown> {
  const own: unknown = Object.entries(settings).find(([name]) => name === method)?.[1];
  return typeof own === "object" ? { ...own } : {};
}

/** Most transitions that the replay buffer of a visit holds in the end. */
export function transitionsOfVisit(settings: ScheduleChoice & Pick<Settings, "loop">): number {
  const schedule = new Schedule(settings);
  const { boundaries, bufferCapacity } = settings.loop;
  if (boundaries === "detected") return Math.min(bufferCapacity, schedule.end(schedule.visits.length - 1));
  const longest = largest(schedule.visits.map((_, visit) => schedule.steps(visit)));
  return Math.min(bufferCapacity, longest);
}

/**
 * Every setting that there is with these methods and planners, one sentence and unit per field. The order of the fields is
 * that of `settings.json`, and the hash of the settings depends on it.
 */
export function settingsSchema({ methods, planners }: SettingsCatalog) {
  const group = (name: keyof typeof groups) => strictGroup(name, groups[name]);
  const own = methods.flatMap(({ name, settings }) =>
    settings === undefined ? [] : [[name, strictGroup(name, withoutDefaults(settings))] as const],
  );
  return z.strictObject({
    suite: choice.suite,
    method: z.enum(methods.map(({ name }) => name)).describe("How tasks are learned one after another."),
    profile: choice.profile,
    seed: choice.seed,
    tasks: choice.tasks,
    loop: group("loop"),
    dynamics: group("dynamics"),
    training: group("training"),
    hypernetwork: group("hypernetwork"),
    ...Object.fromEntries(own),
    mlp: group("mlp"),
    planner: strictGroup("planner", {
      name: z.enum(planners.map(({ name }) => name)).describe("Planning algorithm."),
      ...planningFields,
      ...withoutDefaults(Object.fromEntries(planners.flatMap(({ settings }) => Object.entries(settings)))),
    }),
  });
}

/** A group of which every field must be given, but for those that older settings do not have. */
function strictGroup(name: string, shape: z.ZodRawShape) {
  const fields: Record<string, z.core.$ZodType> = { ...shape };
  for (const [group, key, before] of ADDED_SETTINGS) {
    const field = fields[key];
    if (group === name && field instanceof z.ZodType)
      fields[key] = field.default(before).describe(field.description ?? "");
  }
  return z.strictObject(fields);
}

/** The fields as settings that were resolved must have them: each is given. */
function withoutDefaults(fields: SettingFields): z.ZodRawShape {
  const required = Object.entries(fields).map(([name, field]) => {
    const type = field.unwrap();
    return [name, type.describe(fieldDescription(field) ?? "")] as const;
  });
  return Object.fromEntries(required);
}

import { PLANNING_NAMES } from "./planning-fields.js";
import type { Settings, SettingsCatalog } from "./schema.js";

/**
 * The methods and planners whose own settings every `settings.json` holds, whether they are chosen or not: those that there
 * were when the hash of the settings was fixed. All others are saved only where they are chosen, so that a catalog can
 * have more of them without changing the settings of other runs; nothing is ever added here.
 */
const ALWAYS_SAVED = {
  methods: ["chunked"],
  planners: ["icem", "cem", "mppi", "pddm", "random", "gradient"],
};

/**
 * The catalog without the own settings of methods and planners that are neither always saved nor chosen.
 * @param chosen settings, which need not have been validated
 */
export function savedCatalog(
  { method: chosenMethod, planner }: { readonly method?: unknown; readonly planner?: unknown },
  { methods, planners }: SettingsCatalog,
): SettingsCatalog {
  const chosenPlanner = Reflect.get(Object(planner), "name");
  return {
    methods: methods.map((method) => {
      const saved = method.name === chosenMethod || ALWAYS_SAVED.methods.includes(method.name);
      return saved ? method : { name: method.name };
    }),
    planners: planners.map((one) => {
      const saved = one.name === chosenPlanner || ALWAYS_SAVED.planners.includes(one.name);
      return saved ? one : { name: one.name, settings: {} };
    }),
  };
}

/** The settings that a run saves: all but the own ones of methods and planners that `savedCatalog` leaves out. */
export function savedPart(settings: Settings, catalog: SettingsCatalog): object {
  const { methods, planners } = savedCatalog(settings, catalog);
  const groups = new Set(methods.flatMap(({ name, settings: own }) => (own === undefined ? [name] : [])));
  const fields = new Set(planners.flatMap(({ settings: own }) => Object.keys(own)));
  const planner = Object.entries(settings.planner).filter(
    ([key]) => PLANNING_NAMES.includes(key) || fields.has(key),
  );
  const kept = Object.entries(settings).filter(([name]) => !groups.has(name));
  return { ...Object.fromEntries(kept), planner: Object.fromEntries(planner) };
}

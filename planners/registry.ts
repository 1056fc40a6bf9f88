import { type CemSettings, createCem } from "./cem.js";
import { createIcem, type IcemSettings } from "./icem.js";
import type { PlannerFactory } from "./types.js";

/** Settings of each planner by its name. */
export interface PlannerSettings {
  readonly cem: CemSettings;
  readonly icem: IcemSettings;
}

export type PlannerName = keyof PlannerSettings;

/** How to make a planner, and the settings used where the user gives none. */
export interface PlannerEntry<S> {
  readonly create: PlannerFactory<S>;
  readonly defaults: S;
}

/** All planners by name. Add a planner here and to `PlannerSettings`. */
export const planners: { readonly [N in PlannerName]: PlannerEntry<PlannerSettings[N]> } = {
  cem: {
    create: createCem,
    defaults: {
      samples: 500,
      elites: 40,
      iterations: 5,
      initialStd: 1,
      minStd: 0,
      warmStart: true,
      chooseBest: false,
    },
  },
  icem: {
    create: createIcem,
    defaults: {
      samples: 125,
      elites: 10,
      iterations: 5,
      initialStd: 0.5,
      noiseBeta: 2,
      decay: 1.25,
      keepFraction: 0.3,
      momentum: 0.1,
      warmStart: true,
    },
  },
};

import type { Rng } from "../sim/core/rng.js";
import { type CemSettings, createCem } from "./cem.js";
import { createGradient, type GradientSettings } from "./gradient.js";
import { createIcem, type IcemSettings } from "./icem.js";
import { createMppi, type MppiSettings } from "./mppi.js";
import { createPddm, type PddmSettings } from "./pddm.js";
import { createRandom, type RandomSettings } from "./random.js";
import type { Planner, PlannerFactory, PlanningProblem, SamplingPlanner } from "./types.js";

/** Settings of each planner by its name. */
export interface PlannerSettings {
  readonly cem: CemSettings;
  readonly icem: IcemSettings;
  readonly mppi: MppiSettings;
  readonly pddm: PddmSettings;
  readonly random: RandomSettings;
  readonly gradient: GradientSettings;
}

export type PlannerName = keyof PlannerSettings;

/** How to make a planner, and the settings used where the user gives none. */
export interface PlannerEntry<S, P extends Planner = SamplingPlanner> {
  readonly create: PlannerFactory<S, P>;
  readonly defaults: S;
}

/** All planners by name. Add a planner here and to `PlannerSettings`. */
export const planners: {
  readonly [N in PlannerName]: PlannerEntry<
    PlannerSettings[N],
    N extends "gradient" ? Planner : SamplingPlanner
  >;
} = {
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
      lastAction: "repeat",
    },
  },
  mppi: {
    create: createMppi,
    defaults: {
      samples: 500,
      iterations: 5,
      noiseStd: 1,
      temperature: 0.1,
      nominalShare: 1,
      warmStart: true,
    },
  },
  pddm: {
    create: createPddm,
    defaults: { samples: 2500, noiseStd: 1, filterBeta: 0.6, rewardWeight: 10, warmStart: true },
  },
  random: { create: createRandom, defaults: { samples: 2500, warmStart: true } },
  gradient: {
    create: createGradient,
    defaults: { restarts: 32, gradientSteps: 20, learningRate: 0.1, noiseStd: 0.5, warmStart: true },
  },
};

/** Makes a planner by name; what `settings` leaves open takes the planner's default. */
export function createPlanner<N extends PlannerName>(
  name: N,
  problem: PlanningProblem,
  settings: Partial<PlannerSettings[N]>,
  rng: Rng,
): Planner {
  const { create, defaults }: PlannerEntry<PlannerSettings[N], Planner> = planners[name];
  return create(problem, { ...defaults, ...settings }, rng);
}

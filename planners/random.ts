import { InputError } from "../sim/core/errors.js";
import type { Rng } from "../sim/core/rng.js";
import type { SettingValues } from "../sim/core/setting-fields.js";
import { plannerFields } from "./fields.js";
import { bestSequences } from "./plans.js";
import { evaluate, readSequence, selectElites, writeSequence } from "./sampling.js";
import {
  type CostFunction,
  definePlanner,
  type PlannerFactory,
  type PlanningProblem,
  type Plans,
} from "./types.js";
import { WarmPlanner } from "./warm-plan.js";

const { samples, warmStart } = plannerFields;

const fields = { samples, warmStart };

/** Settings of random shooting, by name; their meaning is in the fields' descriptions. */
export type RandomSettings = SettingValues<typeof fields>;

/**
 * Random shooting: the best of action sequences drawn uniformly within the bounds.
 * Source: Nagabandi et al., "Neural Network Dynamics for Model-Based Deep Reinforcement Learning with Model-Free
 * Fine-Tuning", arXiv 1708.02596, section IV.
 * Throws InputError when an action is unbounded; `plan` throws RunError when every predicted cost is non-finite;
 * `restore` throws InputError when the saved plan `[H, U]` has another size.
 */
export const createRandom: PlannerFactory<RandomSettings> = (problem, settings, rng) =>
  new RandomShooting(problem, settings, rng);

export const randomPlanner = definePlanner({
  name: "random",
  summary: "random shooting: the best of action sequences drawn uniformly within the bounds",
  settings: fields,
  create: createRandom,
});

class RandomShooting extends WarmPlanner {
  readonly #settings: RandomSettings;
  readonly #problem: PlanningProblem;
  /** `[H, N, U]` */
  readonly #samples: Float32Array;
  /** The sequence found last, `[H, U]`. */
  readonly #plan: Float32Array;
  readonly #costs: Float32Array;
  readonly #best = new Int32Array(1);

  constructor(problem: PlanningProblem, settings: RandomSettings, rng: Rng) {
    const { horizon, low, high } = problem;
    for (let u = 0; u < low.length; u++) checkBounds(low[u]!, high[u]!, u);
    super(problem, rng, { enabled: settings.warmStart });
    this.#settings = settings;
    this.#problem = problem;
    this.#plan = new Float32Array(horizon * low.length);
    this.#samples = new Float32Array(this.#plan.length * settings.samples);
    this.#costs = new Float32Array(settings.samples);
  }

  async plan(cost: CostFunction): Promise<Float32Array> {
    const { samples } = this.#settings;
    const { low, high } = this.#problem;
    const width = low.length;
    for (let i = 0; i < this.#samples.length; i++) {
      const u = i % width;
      this.#samples[i] = low[u]! + (high[u]! - low[u]!) * this.rng.uniform();
    }
    const { kept } = this.warm;
    if (kept) writeSequence(this.#samples, samples, 0, kept, width);
    this.#costs.set(await evaluate(cost, this.#samples, samples, () => {}));
    selectElites(this.#costs, this.#best);
    readSequence(this.#samples, samples, this.#best[0]!, this.#plan, width);
    this.warm.keep(this.#plan);
    return this.#plan.slice(0, width);
  }

  plans(most: number): Plans {
    const width = this.#problem.low.length;
    return {
      chosen: this.#plan.slice(),
      others: bestSequences(this.#samples, this.#costs, most, width),
    };
  }
}

function checkBounds(low: number, high: number, u: number): void {
  if (Number.isFinite(low) && Number.isFinite(high)) return;
  throw new InputError({
    what: `Random shooting cannot draw action entry ${u} uniformly`,
    got: `bounds ${low} … ${high}`,
    expected: "finite bounds",
    todo: "Give the task's action finite bounds, or choose another planner.",
  });
}

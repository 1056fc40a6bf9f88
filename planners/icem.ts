import { z } from "zod";
import type { Rng } from "../sim/core/rng.js";
import { fractionField, type SettingValues } from "../sim/core/setting-fields.js";
import { coloredNoiseMap, colorNoise } from "./colored-noise.js";
import { crossEntropyFields } from "./fields.js";
import { type KnotProblem, oneStepLater, withKnots } from "./knots.js";
import { spread } from "./plans.js";
import { Polish } from "./polish.js";
import {
  ActionGaussian,
  evaluate,
  perAction,
  readSequence,
  restoreArray,
  selectElites,
  writeSequence,
} from "./sampling.js";
import {
  type CostFunction,
  type CostGradientFunction,
  definePlanner,
  type PlannerFactory,
  type PlannerState,
  type Plans,
} from "./types.js";
import { LAST_ACTIONS, WarmPlanner } from "./warm-plan.js";

const fields = {
  ...crossEntropyFields,
  noiseBeta: z
    .number()
    .min(0)
    .max(10)
    .default(2)
    .describe("Exponent of the noise's 1/f^β spectrum along the horizon; 0 is white, larger is smoother."),
  decay: z.number().min(1).max(10).default(1.25).describe("Factor by which samples shrink each iteration."),
  keepFraction: fractionField()
    .default(0.3)
    .describe("Share of elites kept for the next iteration and the next step."),
  momentum: fractionField().default(0.1).describe("Share of the old mean and deviation kept in a refit."),
  lastAction: z
    .enum(LAST_ACTIONS)
    .default("repeat")
    .describe("What a shifted plan ends with, its last action once more or the middle of the bounds."),
};

/** Settings of iCEM, by name; their meaning is in the fields' descriptions. */
export type IcemSettings = SettingValues<typeof fields>;

/**
 * Improved cross-entropy method: coloured noise, shrinking population, elites kept and shifted, the mean as a
 * sample of the last iteration; executes the first action of the best sequence seen.
 * Source: Pinneri et al., "Sample-efficient Cross-Entropy Method for Real-time Planning", arXiv 2008.06389.
 * Kept elites are not evaluated again: their cost is known. `plan` throws RunError when every predicted cost
 * is non-finite; `restore` throws InputError when a saved array has another size.
 */
export const createIcem: PlannerFactory<IcemSettings> = (problem, settings, rng) =>
  withKnots(problem, settings.knots, (knots) => new Icem(knots, settings, rng));

export const icemPlanner = definePlanner({
  name: "icem",
  summary: "cross-entropy method with coloured noise, fewer samples and elites kept from step to step",
  settings: fields,
  create: createIcem,
});

/** Sequences `[count, H, U]`, best first, and their costs `[count]`. */
interface Elites {
  readonly sequences: Float32Array;
  readonly costs: Float32Array;
  count: number;
}

class Icem extends WarmPlanner {
  readonly #settings: IcemSettings;
  readonly #polish: Polish | undefined;
  readonly #spacing: number | undefined;
  readonly #gaussian: ActionGaussian;
  /** `[U]` */
  readonly #initialStd: readonly number[];
  readonly #map: Float32Array | undefined;
  readonly #white: Float32Array;
  /** `[H, N, U]`, N up to the first population and the shifted elites. */
  #samples: Float32Array;
  /** Unit-variance noise of the next iteration, drawn while costs are computed; like `#samples`. */
  #noise: Float32Array;
  /** Costs of the samples, then of the kept elites. */
  readonly #costs: Float32Array;
  readonly #indices: Int32Array;
  #elites: Elites;
  #nextElites: Elites;
  /** Best sequence of this control step, `[H, U]`. */
  readonly #best: Float32Array;
  /** Elites without their first action, `[kept, H - 1, U]`. */
  #warmElites: Float32Array | undefined;

  constructor(problem: KnotProblem, settings: IcemSettings, rng: Rng) {
    const { elites, noiseBeta } = settings;
    super(problem, rng, { enabled: settings.warmStart, lastAction: settings.lastAction, name: "mean" });
    this.#settings = settings;
    this.#spacing = problem.spacing;
    this.#gaussian = new ActionGaussian(problem);
    this.#initialStd = perAction(settings.initialStd, problem.low.length, "planner.initialStd");
    this.#map = noiseBeta === 0 ? undefined : coloredNoiseMap(problem.horizon, noiseBeta);
    this.#polish = Polish.create(this.#gaussian, settings, elites);
    const { size } = this.#gaussian;
    const capacity = this.#population(0) + this.#kept(elites);
    this.#white = new Float32Array(this.#map ? size * capacity : 0);
    this.#samples = new Float32Array(size * capacity);
    this.#noise = this.#samples.slice();
    this.#costs = new Float32Array(capacity);
    this.#indices = new Int32Array(elites);
    const buffer = () => ({
      sequences: new Float32Array(size * elites),
      costs: new Float32Array(elites),
      count: 0,
    });
    this.#best = new Float32Array(size);
    this.#elites = buffer();
    this.#nextElites = buffer();
  }

  async plan(cost: CostFunction, gradient?: CostGradientFunction): Promise<Float32Array> {
    const { iterations, momentum, warmStart, annealIterations } = this.#settings;
    const gaussian = this.#gaussian;
    gaussian.mean.set(this.warm.start);
    this.#elites.count = 0;
    let bestCost = Infinity;
    this.#drawNoise(0);
    for (let i = 0; i < iterations; i++) {
      if (i === 0 || annealIterations > 0)
        gaussian.resetStd(this.#initialStd, this.#settings, i / iterations);
      const { samples, count } = this.#sample(i);
      const drawAhead = () => {
        if (i + 1 < iterations) this.#drawNoise(i + 1);
      };
      this.#select(await evaluate(cost, samples, count, drawAhead), samples, count);
      if (i + 1 === iterations) await this.#polish?.refine(this.#elites, cost, gradient);
      const { sequences, costs, count: found } = this.#elites;
      if (costs[0]! < bestCost) {
        bestCost = costs[0]!;
        this.#best.set(sequences.subarray(0, gaussian.size));
      }
      gaussian.fit(sequences, found, momentum);
    }
    this.warm.keep(gaussian.mean);
    if (warmStart) this.#shiftElites();
    return gaussian.firstAction(this.#best);
  }

  plans(most: number): Plans {
    const { sequences, count } = this.#elites;
    return { chosen: this.#best.slice(), others: spread(sequences, count, this.#gaussian.size, most) };
  }

  /** Elites shifted from the last control step that enter an iteration: all of them the first. */
  #shifted(iteration: number): number {
    const { size, actionSize } = this.#gaussian;
    // With H = 1 nothing of an elite remains after the shift.
    if (iteration > 0 || size === actionSize) return 0;
    return (this.#warmElites?.length ?? 0) / (size - actionSize);
  }

  #drawNoise(iteration: number): void {
    const length = this.#gaussian.size * (this.#population(iteration) + this.#shifted(iteration));
    const noise = this.#noise.subarray(0, length);
    if (this.#map) {
      const white = this.#white.subarray(0, length);
      this.rng.fillNormal(white);
      colorNoise(this.#map, white, noise);
    } else {
      this.rng.fillNormal(noise);
    }
  }

  /** Turns the noise into the samples `[H, count, U]` of one iteration. */
  #sample(iteration: number): { samples: Float32Array; count: number } {
    const gaussian = this.#gaussian;
    const { actionSize, size } = gaussian;
    const shiftedSize = size - actionSize;
    const fresh = this.#population(iteration);
    const shifted = this.#shifted(iteration);
    const count = fresh + shifted;
    [this.#samples, this.#noise] = [this.#noise, this.#samples];
    const samples = this.#samples.subarray(0, size * count);
    gaussian.apply(samples, count);
    // The shift leaves the last action free: it stays as it was just drawn.
    for (let e = 0; e < shifted; e++) {
      const sequence = this.#warmElites!.subarray(e * shiftedSize, (e + 1) * shiftedSize);
      writeSequence(samples, count, fresh + e, sequence, actionSize);
    }
    if (iteration === this.#settings.iterations - 1)
      writeSequence(samples, count, 0, gaussian.mean, actionSize);
    return { samples, count };
  }

  /** Replaces the elites by the best of the new samples and the elites kept. */
  #select(fresh: Float32Array, samples: Float32Array, count: number): void {
    const { size, actionSize } = this.#gaussian;
    const old = this.#elites;
    const next = this.#nextElites;
    const kept = this.#kept(old.count);
    const costs = this.#costs.subarray(0, count + kept);
    costs.set(fresh);
    costs.set(old.costs.subarray(0, kept), count);
    next.count = selectElites(costs, this.#indices);
    for (let e = 0; e < next.count; e++) {
      const n = this.#indices[e]!;
      const out = next.sequences.subarray(e * size, (e + 1) * size);
      next.costs[e] = costs[n]!;
      if (n < count) readSequence(samples, count, n, out, actionSize);
      else out.set(old.sequences.subarray((n - count) * size, (n - count + 1) * size));
    }
    this.#elites = next;
    this.#nextElites = old;
  }

  /** Moves the kept elites to the next control step. */
  #shiftElites(): void {
    const { size, actionSize } = this.#gaussian;
    const kept = this.#kept(this.#elites.count);
    this.#warmElites = new Float32Array(kept * (size - actionSize));
    for (let e = 0; e < kept; e++) {
      const elite = this.#elites.sequences.subarray(e * size, (e + 1) * size);
      const later = oneStepLater(elite, elite.subarray(-actionSize), this.#spacing);
      this.#warmElites.set(later.subarray(0, -actionSize), e * (size - actionSize));
    }
  }

  #population(iteration: number): number {
    const { samples, decay, elites } = this.#settings;
    return Math.max(Math.floor(samples * decay ** -iteration), 2 * elites);
  }

  #kept(elites: number): number {
    return Math.floor(elites * this.#settings.keepFraction);
  }

  override reset(): void {
    super.reset();
    this.#warmElites = undefined;
  }

  override state(): PlannerState {
    const { rng, arrays } = super.state();
    const elites = this.#warmElites;
    return { rng, arrays: elites?.length ? { ...arrays, elites: elites.slice() } : arrays };
  }

  override restore(state: PlannerState): void {
    const { size, actionSize } = this.#gaussian;
    const most = this.#kept(this.#settings.elites);
    const elites = restoreArray(state, "elites", size - actionSize, most);
    super.restore(state);
    this.#warmElites = elites;
  }
}

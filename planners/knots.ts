import { UsageError } from "../sim/core/errors.js";
import type {
  CostFunction,
  CostGradientFunction,
  PlannerState,
  PlanningProblem,
  Plans,
  SamplingPlanner,
} from "./types.js";

/** A problem as a planner sees it that plans actions only for some steps, its knots; `horizon` is their number. */
export interface KnotProblem extends PlanningProblem {
  /** Control steps from one knot to the next; default 1. */
  readonly spacing?: number;
}

/**
 * A planner that searches K knots, spread evenly from the first to the last of H steps; between two of them the actions are on the
 * straight line. So a knot within the bounds keeps all actions within them, as a smoother curve would not, and the first knot is
 * the action that is executed.
 * Source: splines as in Howell et al., "Predictive Sampling: Real-time Behaviour Synthesis with MuJoCo", arXiv 2212.00541, of order
 * one.
 * @param knots K, 2 … H; 0: every step is planned
 * @param make makes the planner for the problem that is left
 * @throws UsageError when there are more knots than steps
 */
export function withKnots(
  problem: PlanningProblem,
  knots: number,
  make: (problem: KnotProblem) => SamplingPlanner,
): SamplingPlanner {
  const { horizon } = problem;
  if (knots === 0) return make(problem);
  if (knots > horizon) throw tooMany(knots, horizon);
  const spacing = (horizon - 1) / (knots - 1);
  return new KnotPlanner(make({ ...problem, horizon: knots, spacing }), horizon, knots, problem.low.length);
}

function tooMany(knots: number, horizon: number): UsageError {
  return new UsageError({
    what: "Setting planner.knots is not valid",
    got: String(knots),
    expected: `0, or a number from 2 to planner.horizon, which is ${horizon}`,
    todo: "`hypercrl settings` lists every setting with its meaning and defaults",
  });
}

/**
 * A sequence of knots as it is one control step later: with a spacing of 1 without its first action, else every knot as far
 * towards the next one as a step goes.
 * @param sequence `[K, U]`
 * @param after what comes after the last knot, `[U]`
 */
export function oneStepLater(sequence: Float32Array, after: Float32Array, spacing = 1): Float32Array {
  const width = after.length;
  return sequence.map((here, i) => {
    const at = i + width;
    const next = at < sequence.length ? sequence[at]! : after[at - sequence.length]!;
    return spacing === 1 ? next : here + (next - here) / spacing;
  });
}

class KnotPlanner implements SamplingPlanner {
  readonly #planner: SamplingPlanner;
  /** Of every step: the knot at or before it, and how far it is from there to the next, 0 … 1. */
  readonly #places: readonly { readonly knot: number; readonly share: number }[];
  readonly #knots: number;
  readonly #actionSize: number;

  constructor(planner: SamplingPlanner, horizon: number, knots: number, actionSize: number) {
    this.#planner = planner;
    this.#knots = knots;
    this.#actionSize = actionSize;
    this.#places = Array.from({ length: horizon }, (_, h) => {
      const place = (h * (knots - 1)) / (horizon - 1);
      return { knot: Math.floor(place), share: place - Math.floor(place) };
    });
  }

  plan(cost: CostFunction, gradient?: CostGradientFunction): Promise<Float32Array> {
    return this.#planner.plan(
      (knots, samples, meanwhile) => cost(this.#steps(knots, samples), samples, meanwhile),
      gradient &&
        (async (knots, samples) => {
          const slope = await gradient(this.#steps(knots, samples), samples);
          return { costs: slope.costs, gradient: this.#derivatives(slope.gradient, samples) };
        }),
    );
  }

  plans(most: number): Plans {
    const { chosen, others } = this.#planner.plans(most);
    const count = others.length / chosen.length;
    const steps = Array.from({ length: count }, (_, k) => [
      ...this.#steps(others.subarray(k * chosen.length, (k + 1) * chosen.length), 1),
    ]);
    return { chosen: this.#steps(chosen, 1), others: Float32Array.from(steps.flat()) };
  }

  /** Actions of every step `[H, N, U]` of knots `[K, N, U]`. */
  #steps(knots: Float32Array, samples: number): Float32Array {
    const width = samples * this.#actionSize;
    const out = new Float32Array(this.#places.length * width);
    for (const [h, { knot, share }] of this.#places.entries()) {
      const [at, row] = [knot * width, h * width];
      if (share === 0) out.set(knots.subarray(at, at + width), row);
      else {
        for (let i = 0; i < width; i++)
          out[row + i] = (1 - share) * knots[at + i]! + share * knots[at + width + i]!;
      }
    }
    return out;
  }

  /** Derivatives with respect to the knots `[K, N, U]`, of those with respect to the actions of every step `[H, N, U]`. */
  #derivatives(steps: Float32Array, samples: number): Float32Array {
    const width = samples * this.#actionSize;
    const out = new Float32Array(this.#knots * width);
    for (const [h, { knot, share }] of this.#places.entries()) {
      for (let i = 0; i < width; i++) {
        const slope = steps[h * width + i]!;
        out[knot * width + i]! += (1 - share) * slope;
        if (share > 0) out[(knot + 1) * width + i]! += share * slope;
      }
    }
    return out;
  }

  reset(): void {
    this.#planner.reset();
  }

  state(): PlannerState {
    return this.#planner.state();
  }

  restore(state: PlannerState): void {
    this.#planner.restore(state);
  }
}

import { measureName } from "../../compare/measure-name.js";
import type { EpisodeData, PlansData } from "./data.js";

/** One curve that can be drawn. */
export interface Curve {
  readonly name: string;
  readonly unit: string;
  /** Value after each step, `[S + 1]`; null where there is none. */
  readonly values: readonly (number | null)[];
  /** What the model expected, where plans are recorded. */
  readonly expected?: Expectation;
}

interface Expectation {
  /** The value after each step as expected one step before, `[S + 1]`; null where no plan was made. */
  readonly next: readonly (number | null)[];
  /** Values expected after the steps that follow a state; empty where no plan was made. */
  readonly ahead: (state: number) => readonly number[];
}

export const QUANTITIES = ["reward", "action", "observation", "measures"] as const;
export type Quantity = (typeof QUANTITIES)[number];

/** Column `at` of `[rows, width]`; with `skip`, so many nulls before it. */
function column(values: Float32Array, width: number, at: number, skip: number): (number | null)[] {
  const out: (number | null)[] = Array.from({ length: skip }, () => null);
  for (let i = at; i < values.length; i += width) {
    const value = values[i]!;
    out.push(Number.isFinite(value) ? value : null);
  }
  return out;
}

/** All curves of a quantity. Actions and rewards stand at the step they led to. */
export function curvesOf(episode: EpisodeData, quantity: Quantity): Curve[] {
  const { spec, reward, returns, action, observation, measures, measureNames } = episode;
  if (quantity === "reward") {
    return [
      { name: "reward", unit: "1", values: column(reward, 1, 0, 1) },
      { name: "return", unit: "1", values: column(returns, 1, 0, 0) },
    ];
  }
  if (quantity === "measures") {
    return measureNames.map((key, i) => {
      const { name, unit = "1" } = measureName(key);
      return { name, unit, values: column(measures, measureNames.length, i, 0) };
    });
  }
  const [channels, values, skip] =
    quantity === "action" ? [spec.action, action, 1] : [spec.observation, observation, 0];
  return channels.map(({ name, unit }, i) => ({
    name,
    unit,
    values: column(values, channels.length, i, skip),
    ...(quantity === "observation" &&
      episode.plans !== undefined && { expected: expectationOf(episode.plans, episode.steps, i) }),
  }));
}

/** @param channel index in the observation */
function expectationOf(plans: PlansData, steps: number, channel: number): Expectation {
  const { horizon, expected, planIn } = plans;
  const width = expected.length / (plans.steps.length * horizon);
  const ahead = (state: number) => {
    const plan = planIn.get(state);
    if (plan === undefined) return [];
    const values = Array.from(
      { length: horizon },
      (_, h) => expected[(plan * horizon + h) * width + channel]!,
    );
    return values.filter(Number.isFinite);
  };
  const next = Array.from({ length: steps + 1 }, (_, step) => ahead(step - 1)[0] ?? null);
  return { next, ahead };
}

/** Curves shown at first: as many as can be told apart, of the unit of the first. */
export function shownAtFirst(curves: readonly Curve[], quantity: Quantity): string[] {
  if (quantity === "reward") return ["reward"];
  const errors = curves.filter(({ name }) => / error$/.test(name));
  const from = quantity === "measures" && errors.length > 0 ? errors : curves;
  const most = quantity === "action" ? 8 : 4;
  return from
    .filter(({ unit }) => unit === from[0]?.unit)
    .slice(0, most)
    .map(({ name }) => name);
}

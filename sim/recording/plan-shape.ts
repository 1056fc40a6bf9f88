import type { EpisodePlan } from "./episode.js";

/** How large all plans of an episode are together when each is padded to the longest. */
export interface PlanShape {
  /** P */
  readonly plans: number;
  /** H */
  readonly horizon: number;
  readonly landmarks: readonly string[];
  /** Of the landmark and plan with the most, L. */
  readonly sequences: number;
  /** Entries of an observation, X. */
  readonly width: number;
}

export function planShape(plans: readonly EpisodePlan[], width: number): PlanShape {
  const landmarks = new Set<string>();
  let [horizon, sequences] = [0, 0];
  for (const { expected, paths } of plans) {
    horizon = Math.max(horizon, expected.length / width);
    const lines = new Map<string, number>();
    for (const { landmark } of paths) lines.set(landmark, (lines.get(landmark) ?? 0) + 1);
    for (const [landmark, count] of lines) {
      landmarks.add(landmark);
      sequences = Math.max(sequences, count);
    }
  }
  return { plans: plans.length, horizon, landmarks: [...landmarks], sequences, width };
}

/** Numbers of the paths, `[P, T, L, H + 1, 3]`. */
export function pathNumbers({ plans, landmarks, sequences, horizon }: PlanShape): number {
  return plans * landmarks.length * sequences * (horizon + 1) * 3;
}

/** Numbers of paths and expected observations, `[P, H, X]`. */
export function planNumbers(shape: PlanShape): number {
  return pathNumbers(shape) + shape.plans * shape.horizon * shape.width;
}

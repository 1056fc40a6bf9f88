import { elementAt } from "../../sim/core/element.js";
import type { Curve } from "./data.js";

/** One point of a `Curve`, with its interval over runs. */
export interface CurvePoint {
  readonly task: number;
  readonly phase: "random" | "train";
  readonly steps: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

/** The points of a curve, whose data hold it by column. */
export function pointsOf(curve: Curve): CurvePoint[] {
  return curve.steps.map((steps, k) => {
    const at = <T>(column: readonly T[]): T => elementAt(column, k, "points of a curve");
    return {
      task: at(curve.task),
      phase: at(curve.phase),
      steps,
      mean: at(curve.mean),
      low: at(curve.low),
      high: at(curve.high),
      n: at(curve.n),
    };
  });
}

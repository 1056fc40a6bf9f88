import { elementAt, firstOf } from "../../sim/core/element.js";
import { angleFromHalf, continueAngle } from "../../sim/core/math/angle.js";
import { conjugate, multiply, quatAt } from "../../sim/core/math/vector.js";
import type { TaskSpec } from "../../sim/task.js";
import { quaternionStarts } from "../model/state-change.js";
import type { ModelErrorRecord } from "../run/records.js";

/** Control steps ahead at which errors are measured. */
const HORIZONS = [1, 5, 10, 20] as const;
/** Starts in an episode that predictions are made from, at most. */
const MOST_STARTS = 32;

/** How far a model's predictions are from what happened; the fields are described where they are logged. */
export type ModelError = Pick<ModelErrorRecord, "horizons" | "starts" | "leftOut" | "errors">;

/** An episode of T steps as a model sees it. */
export interface Trajectory {
  /** `[T + 1][S]`, see `StateSpec`: before each step, and after the last. */
  readonly states: readonly Float32Array[];
  /** `[T][U]` */
  readonly actions: readonly Float32Array[];
}

/** A model of a task; see `RolloutModel.rollOut`. */
export interface Predictor {
  /** Predicted states `[H, S, N]` after actions `[H, U, N]` from N states `[S, N]`. */
  rollOut(states: Float32Array, actions: Float32Array): Promise<Float32Array>;
}

/** Something observed of which differences have a size: a channel, or the four of a quaternion. */
interface Quantity {
  readonly unit: string;
  /** From one observation `[X]` to another, in that unit. */
  difference(from: ArrayLike<number>, to: ArrayLike<number>): number;
}

/**
 * Measures how well a model predicts episodes that it was not trained on, open-loop: from a moment of an episode on it is
 * told nothing but the actions that were made, and 1 to 20 steps later its observation is compared with the one that
 * came. The moments of an episode are evenly spaced, and each has as many steps after it as the longest horizon that the
 * episode has room for. Beside it stands what predicting no change at all would have been wrong by.
 */
export class ModelErrorMeter {
  readonly #quantities: readonly Quantity[];
  readonly #size: number;
  readonly #units: readonly string[];
  readonly #sums: readonly HorizonSums[];

  constructor(spec: TaskSpec) {
    this.#quantities = quantitiesOf(spec);
    this.#size = spec.observation.length;
    this.#units = [...new Set(this.#quantities.map(({ unit }) => unit))];
    this.#sums = HORIZONS.map((steps) => new HorizonSums(steps, this.#quantities));
  }

  /** Adds an episode. @param model with the weights that the episode was planned with */
  async add(model: Predictor, { states, actions }: Trajectory): Promise<void> {
    const steps = HORIZONS.findLast((horizon) => horizon <= actions.length);
    if (steps === undefined) return;
    const starts = startsOf(actions.length - steps + 1);
    const predicted = await model.rollOut(
      columns([starts.map((t) => elementAt(states, t, "states"))]),
      columns(
        Array.from({ length: steps }, (_, h) => starts.map((t) => elementAt(actions, t + h, "actions"))),
      ),
    );
    const [S, N] = [firstOf(states, "states").length, starts.length];
    for (const sums of this.#sums.filter((one) => one.steps <= steps)) {
      for (const [n, t] of starts.entries()) {
        const row = (sums.steps - 1) * S;
        const guess = Float32Array.from({ length: this.#size }, (_, x) => predicted[(row + x) * N + n]!);
        sums.add(elementAt(states, t, "states"), elementAt(states, t + sums.steps, "states"), guess);
      }
    }
  }

  /** Of all episodes so far. */
  result(): ModelError {
    return {
      horizons: this.#sums.map(({ steps }) => steps),
      starts: this.#sums.map(({ counted, leftOut }) => counted + leftOut),
      leftOut: this.#sums.map(({ leftOut }) => leftOut),
      errors: this.#units.map((unit) => ({
        unit,
        model: this.#sums.map((sums) => sums.rootMeanSquare("model", unit)),
        unchanged: this.#sums.map((sums) => sums.rootMeanSquare("unchanged", unit)),
      })),
    };
  }
}

/** Squared differences at one horizon. */
class HorizonSums {
  readonly steps: number;
  readonly #quantities: readonly Quantity[];
  /** By quantity. */
  readonly #squares: Readonly<Record<"model" | "unchanged", Float64Array>>;
  counted = 0;
  leftOut = 0;

  constructor(steps: number, quantities: readonly Quantity[]) {
    this.steps = steps;
    this.#quantities = quantities;
    const [model, unchanged] = [new Float64Array(quantities.length), new Float64Array(quantities.length)];
    this.#squares = { model, unchanged };
  }

  /** Adds a prediction `[X]` of what came, made from what was before: observations or states, which begin with them. */
  add(before: Float32Array, came: Float32Array, predicted: Float32Array): void {
    if (!predicted.every(Number.isFinite)) {
      this.leftOut++;
      return;
    }
    this.counted++;
    for (const [i, quantity] of this.#quantities.entries()) {
      this.#squares.model[i]! += quantity.difference(came, predicted) ** 2;
      this.#squares.unchanged[i]! += quantity.difference(came, before) ** 2;
    }
  }

  /** Over the predictions that count and the quantities of a unit; NaN of nothing. */
  rootMeanSquare(of: "model" | "unchanged", unit: string): number {
    const own = [...this.#squares[of]].filter((_, i) => this.#quantities[i]?.unit === unit);
    return Math.sqrt(own.reduce((sum, square) => sum + square, 0) / (own.length * this.counted));
  }
}

function quantitiesOf(spec: TaskSpec): Quantity[] {
  const quaternions = quaternionStarts(spec);
  return spec.observation.flatMap(({ unit, angle, quaternion }, i): Quantity[] => {
    if (quaternion) return quaternions.includes(i) ? [rotation(i)] : [];
    const plain = (from: ArrayLike<number>, to: ArrayLike<number>) => to[i]! - from[i]!;
    if (!angle) return [{ unit, difference: plain }];
    return [{ unit, difference: (from, to) => continueAngle(0, plain(from, to)) }];
  });
}

/** The rotation that a quaternion tells: two of them differ by the angle of the rotation between them. */
function rotation(start: number): Quantity {
  const difference = (from: ArrayLike<number>, to: ArrayLike<number>) => {
    const [x, y, z, w] = multiply(quatAt(to, start), conjugate(quatAt(from, start)));
    return angleFromHalf(Math.sqrt(x * x + y * y + z * z), w);
  };
  return { unit: "rad", difference };
}

/** Up to `MOST_STARTS` of the numbers 0 … count - 1, evenly spaced from 0 on. */
function startsOf(count: number): number[] {
  const chosen = Math.min(count, MOST_STARTS);
  return Array.from({ length: chosen }, (_, k) => Math.floor((k * count) / chosen));
}

/** H lists of N vectors `[F]` as one array `[H, F, N]`. */
function columns(lists: readonly (readonly Float32Array[])[]): Float32Array {
  const vectors = firstOf(lists, "lists");
  const [F, N] = [firstOf(vectors, "vectors").length, vectors.length];
  const out = new Float32Array(lists.length * F * N);
  for (const [h, list] of lists.entries()) {
    for (const [n, vector] of list.entries()) {
      for (const [f, value] of vector.entries()) out[(h * F + f) * N + n] = value;
    }
  }
  return out;
}

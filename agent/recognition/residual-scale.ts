import type { TaskDynamics } from "../model/dynamics.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { OneStepModel } from "./one-step-model.js";
import { DEGREES } from "./posterior.js";

/** Transitions that are measured on, at most: more would change the scale by less than a few per cent. */
const MOST_ROWS = 2000;
/** Smallest scale, as a share of what the targets themselves vary by: no model is trusted to more digits. */
const SMALLEST = 1e-3;
const ITERATIONS = 100;
const CONVERGED = 1e-6;

/**
 * How far a task's model is off one step ahead, for each of the X numbers that it predicts: the scale of a Student-t distribution
 * that makes its residuals on the task's own data most likely, in units of `Prediction.std`. It is what recognition compares
 * models by, so the same distribution is fitted as is used there. A median would call an object still that is touched in every
 * third step; a mean of squares would be made by the few hardest contacts alone.
 * @param data of the task; up to 2000 transitions, evenly spaced, are used, and nothing random
 * @returns `[X]`, each above 0 and finite; 1 where nothing that the model predicts is a number
 */
export function residualScale(dynamics: TaskDynamics, data: TrainingData): Float32Array {
  const { size, inputSize: I, targetSize: X } = data;
  const count = Math.min(size, MOST_ROWS);
  const model = new OneStepModel(dynamics);
  const residuals = Array.from({ length: X }, () => new Float64Array(count));
  const targets = Array.from({ length: X }, () => new Float64Array(count));
  for (let n = 0; n < count; n++) {
    const row = Math.floor((n * size) / count);
    const { change, std } = model.predict(data.inputs.subarray(row * I, (row + 1) * I));
    for (let i = 0; i < X; i++) {
      const target = data.targets[row * X + i]!;
      residuals[i]![n] = (target - change[i]!) / std[i]!;
      targets[i]![n] = target / std[i]!;
    }
  }
  return Float32Array.from(residuals, (own, i) => {
    const least = SMALLEST * (spreadOf(targets[i]!.filter(Number.isFinite)) || 1);
    return studentScale(own.filter(Number.isFinite), least);
  });
}

/** Standard deviation; 0 of nothing. */
function spreadOf(values: Float64Array): number {
  if (values.length === 0) return 0;
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
}

/**
 * Most likely scale of a Student-t distribution about 0, by expectation maximisation (Lange, Little & Taylor 1989): a mean of
 * squares in which a value counts the less the further out it is.
 * @param least smallest scale
 * @returns 1 of no values
 */
export function studentScale(values: Float64Array, least: number): number {
  if (values.length === 0) return 1;
  let square = Math.max(values.reduce((sum, v) => sum + v * v, 0) / values.length, least * least);
  for (let i = 0; i < ITERATIONS; i++) {
    const weigh = (v: number) => ((DEGREES + 1) * v * v) / (DEGREES + (v * v) / square);
    const next = Math.max(values.reduce((sum, v) => sum + weigh(v), 0) / values.length, least * least);
    const converged = Math.abs(next - square) <= CONVERGED * square;
    square = next;
    if (converged) break;
  }
  return Math.sqrt(square);
}

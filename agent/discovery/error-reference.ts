import { studentScale } from "../recognition/residual-scale.js";
import { peakOf } from "./cusum.js";
import { evidenceOf, type Surprise } from "./surprise.js";

/** Smallest scale, in standard deviations of the targets: no model is trusted to more digits. */
const SMALLEST = 1e-3;
/** By how much scales are raised at a time until the errors of before raise no alarm. */
const RAISE = 1.1;

/** What counts as a rise of the errors. */
export interface Rise {
  /** c: how many times as large errors become. */
  readonly rise: number;
  /** λ of the test. */
  readonly threshold: number;
}

/**
 * How large a model's errors are while nothing changes, from the last N errors on transitions that it had not learned from when they
 * came. A model that goes on improving had larger errors before, so they err on the side of fewer alarms; errors on what it was
 * trained on would be too small.
 */
export class ErrorReference {
  readonly #capacity: number;
  readonly #surprises: Surprise[] = [];

  /** @param capacity N */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Whether there are N errors. */
  get full(): boolean {
    return this.#surprises.length === this.#capacity;
  }

  /** The last errors, the oldest first. */
  get surprises(): readonly Surprise[] {
    return this.#surprises;
  }

  /** Takes in an error on a new transition; the oldest of N is dropped. */
  add(surprise: Surprise): void {
    if (this.full) this.#surprises.shift();
    this.#surprises.push(surprise);
  }

  clear(): void {
    this.#surprises.length = 0;
  }

  /**
   * The scale of the errors, `[X]`: that of a Student-t distribution, as in `residualScale`, raised until the same test on these very
   * errors stays below half of its threshold. Errors are not alike everywhere: those of a pole that swings are many times those of one
   * that stands. A scale that fits most of them would take every swing for a change.
   */
  scale({ rise, threshold }: Rise): Float32Array {
    const width = this.#surprises[0]?.residuals.length ?? 0;
    let scale = Float32Array.from({ length: width }, (_, i) => {
      const values = Float64Array.from(this.#surprises, ({ residuals }) => residuals[i]!);
      return studentScale(values.filter(Number.isFinite), SMALLEST);
    });
    const counted = this.#surprises.filter(({ residuals }) => residuals.every(Number.isFinite));
    const peak = () => peakOf(counted.map((surprise) => evidenceOf(surprise, scale, rise)));
    while (peak() > threshold / 2) scale = scale.map((sigma) => RAISE * sigma);
    return scale;
  }
}

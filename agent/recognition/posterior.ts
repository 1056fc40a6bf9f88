/** Degrees of freedom of the likelihood (Lange, Little & Taylor 1989, who find that 4 serves most data). */
export const DEGREES = 4;

/** How much less likely than the worst other one a prediction is that is no number, natural logarithm. */
const NO_NUMBER = 50;

/**
 * Logarithm of the density of Student's t distribution at a residual, less a constant that depends on `DEGREES` alone. Its tails are
 * heavy: a contact that no model foresees then says little, where under a normal distribution it would decide for good.
 * @param residual what came less what was predicted
 * @param scale of the distribution, above 0, in the unit of the residual
 */
export function logStudentT(residual: number, scale: number): number {
  const z = residual / scale;
  return -Math.log(scale) - ((DEGREES + 1) / 2) * Math.log1p((z * z) / DEGREES);
}

/**
 * Which of K tasks the robot faces, as probabilities that every transition brings up to date: the filter of a model that switches
 * between K tasks, `p_t(k) ∝ L_t(k) · ((1 - h) p_{t-1}(k) + h / K)`. With probability h, the hazard rate, the task is drawn anew before a
 * transition (a constant hazard as in Adams & MacKay 2007, "Bayesian Online Changepoint Detection"; here what follows a change is
 * one of K known models). It keeps every probability above h / K before each transition, so that no evidence, however
 * long, makes a later change unthinkable.
 */
export class TaskPosterior {
  readonly #hazard: number;
  /** Logarithms of the probabilities, `[K]`. */
  readonly #logs: Float64Array;

  /**
   * All tasks are equally probable at first.
   * @param tasks K
   * @param hazard h, from 0 to 1
   */
  constructor(tasks: number, hazard: number) {
    this.#hazard = hazard;
    this.#logs = new Float64Array(tasks);
    this.reset();
  }

  /** Makes all tasks equally probable. */
  reset(): void {
    this.#logs.fill(-Math.log(this.#logs.length));
  }

  /** The probabilities `[K]`, a copy. */
  get probabilities(): Float64Array {
    return this.#logs.map(Math.exp);
  }

  /** The most probable task; undefined where several are equally probable. */
  get top(): number | undefined {
    const most = Math.max(...this.#logs);
    const best = this.#logs.indexOf(most);
    return this.#logs.indexOf(most, best + 1) === -1 ? best : undefined;
  }

  /**
   * Takes in a transition.
   * @param logLikelihoods `[K]`, of the transition by each task; one that is no finite number counts as much worse than all others,
   *   and where none is a number the transition says nothing
   */
  update(logLikelihoods: Float64Array): void {
    const finite = logLikelihoods.filter(Number.isFinite);
    const floor = finite.length === 0 ? 0 : Math.min(...finite) - NO_NUMBER;
    const [stay, move] = [Math.log1p(-this.#hazard), Math.log(this.#hazard / this.#logs.length)];
    for (const [k, given] of logLikelihoods.entries()) {
      this.#logs[k] = logSum([stay + this.#logs[k]!, move]) + (Number.isFinite(given) ? given : floor);
    }
    const total = logSum(this.#logs);
    for (let k = 0; k < this.#logs.length; k++) this.#logs[k]! -= total;
  }
}

/** Logarithm of the sum of numbers given by their logarithms, of which one is finite. */
function logSum(logs: Iterable<number>): number {
  const all = [...logs];
  const most = Math.max(...all);
  return most + Math.log(all.reduce((sum, log) => sum + Math.exp(log - most), 0));
}

/**
 * Distance, in standard deviations of the input, over which a model's errors are alike. Chosen on recorded episodes of three runs on
 * push and two on cartpole; 1 makes more false alarms, 2 finds changes later.
 */
const LENGTH = 1.5;

/**
 * How much of what a transition says has not been said by the one before it. A model's errors depend on the situation: as long as a
 * robot rests, each of its models is wrong by the same amount at every step, and a hundred such steps say no more than one. Taken
 * for a hundred independent errors they would decide for whichever model errs least at rest. Errors in situations at a distance d
 * are taken to correlate as the squared exponential exp(-d²/2ℓ²) (the usual covariance of a smooth function, Rasmussen & Williams 2006,
 * "Gaussian Processes for Machine Learning", section 4.2), and what the last error does not foretell is the share that counts.
 */
export class Novelty {
  #scale: ArrayLike<number>;
  #last: Float32Array | undefined;

  /** @param scale one over the standard deviation of each number of a model's input, `[I]` */
  constructor(scale: ArrayLike<number>) {
    this.#scale = scale;
  }

  /** Goes on with another scale. */
  measureBy(scale: ArrayLike<number>): void {
    this.#scale = scale;
  }

  /** Forgets the last transition: the next one is all new. */
  restart(): void {
    this.#last = undefined;
  }

  /**
   * Takes in a transition.
   * @param input of the model, `[φ(s), u]`, `[I]`
   * @returns 1 - exp(-d²/2ℓ²), from 0 to 1, with d the root mean square distance from the last input in standard deviations; 1 of the
   *   first transition
   */
  share(input: Float32Array): number {
    const last = this.#last;
    this.#last = input.slice();
    if (last === undefined) return 1;
    const squares = input.reduce((sum, x, i) => sum + ((x - last[i]!) * this.#scale[i]!) ** 2, 0);
    return -Math.expm1(-squares / input.length / (2 * LENGTH * LENGTH));
  }
}

/**
 * Cumulative sum test for a change (Page 1954, "Continuous inspection schemes"; in the form of Basseville & Nikiforov 1993, "Detection of
 * Abrupt Changes", section 2.2). Each observation y gives the evidence s = ln p₁(y) / p₀(y), which is negative on average while p₀ holds
 * and positive once p₁ does, and the sum forgets what spoke against a change before it began:
 *
 *     g ← max(0, g + s)
 *
 * A change is found where g exceeds a threshold λ, and is estimated to have come when g last was 0. If observations are independent and
 * p₀ is their density, the mean time until a false alarm is at least e^λ (Lorden 1971).
 */
export class Cusum {
  #sum = 0;
  #steps = 0;

  /** g */
  get sum(): number {
    return this.#sum;
  }

  /** Observations since g last was 0: those that are estimated to have come after a change; 0 where g is 0. */
  get steps(): number {
    return this.#steps;
  }

  /** Takes in an observation. @param evidence s, natural logarithm */
  update(evidence: number): void {
    this.#sum = Math.max(0, this.#sum + evidence);
    this.#steps = this.#sum > 0 ? this.#steps + 1 : 0;
  }

  /** Begins anew, or where it was. */
  restart(sum = 0, steps = 0): void {
    this.#sum = sum;
    this.#steps = steps;
  }
}

/** The largest g of a series of evidence. */
export function peakOf(evidence: Iterable<number>): number {
  const test = new Cusum();
  let peak = 0;
  for (const s of evidence) {
    test.update(s);
    peak = Math.max(peak, test.sum);
  }
  return peak;
}

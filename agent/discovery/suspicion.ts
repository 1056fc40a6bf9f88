import { Cusum } from "./cusum.js";
import { errorRows, errorsOf, type HeldTransition, heldOf, transitionRows } from "./held-transitions.js";
import type { SavedDiscovery } from "./saved-discovery.js";

/** Fewest steps that make a change: a single blow may surprise any model. */
const FEWEST = 10;

/** The transitions that may have come after a change: those since g of the test last was 0. */
export class Suspicion {
  readonly #threshold: number;
  readonly #window: number;
  readonly #test = new Cusum();
  /** Transitions under suspicion, in the order that they were made in. */
  #held: readonly HeldTransition[] = [];

  /**
   * @param threshold λ of the test
   * @param window most transitions that are held back
   */
  constructor(threshold: number, window: number) {
    this.#threshold = threshold;
    this.#window = window;
  }

  /** Whether they make a change. */
  get isFound(): boolean {
    return this.#held.length >= FEWEST && this.#test.sum > this.#threshold;
  }

  /**
   * Takes in a transition.
   * @param evidence for a change
   * @returns transitions that are no longer under suspicion, this one among them
   */
  add(transition: HeldTransition, evidence: number): readonly HeldTransition[] {
    this.#held = [...this.#held, transition];
    this.#test.update(evidence);
    const goesOn = this.#test.steps > 0 && this.#held.length <= this.#window;
    return goesOn ? [] : this.end();
  }

  /** Ends all suspicion. @returns what was held back */
  end(): readonly HeldTransition[] {
    const held = this.#held;
    this.#held = [];
    this.#test.restart();
    return held;
  }

  state(): Pick<SavedDiscovery, "sum" | "held" | "heldErrors"> {
    return {
      sum: this.#test.sum,
      held: transitionRows(this.#held),
      heldErrors: errorRows(this.#held),
    };
  }

  /** @param inputs I, @param targets X */
  restore({ sum, held, heldErrors }: ReturnType<Suspicion["state"]>, inputs: number, targets: number): void {
    this.#held = heldOf(held, errorsOf(heldErrors, targets), inputs);
    this.#test.restart(sum, this.#held.length);
  }
}

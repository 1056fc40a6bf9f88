import { elementAt } from "../../sim/core/element.js";

/** How many steps an agent believed in each found task while the world held each task of the suite. */
export class BeliefCounts {
  readonly #tasks: number;
  /** `[K][J]` */
  readonly #rows: Float64Array[] = [];

  /** @param tasks J, of the suite */
  constructor(tasks: number) {
    this.#tasks = tasks;
  }

  /** Counts a step. @param found 0-based, @param world 0-based, in the suite */
  add(found: number, world: number): void {
    while (this.#rows.length <= found) this.#rows.push(new Float64Array(this.#tasks));
    elementAt(this.#rows, found, "found tasks")[world]! += 1;
  }

  /**
   * Of each task of the suite the found task that was believed in most while the world held it, the first of several, `[J]`; the first
   * one of a task that the world has not held.
   */
  get standIns(): number[] {
    return Array.from({ length: this.#tasks }, (_, world) => {
      const steps = this.#rows.map((row) => row[world]!);
      return Math.max(0, steps.indexOf(Math.max(...steps)));
    });
  }

  /** `[K, J]`. @param found K */
  rows(found: number): Float64Array {
    return Float64Array.from({ length: found * this.#tasks }, (_, i) => {
      return this.#rows[Math.floor(i / this.#tasks)]?.[i % this.#tasks] ?? 0;
    });
  }

  /** Continues from `rows`. */
  restore(rows: Float64Array): void {
    this.#rows.length = 0;
    for (let at = 0; at < rows.length; at += this.#tasks) this.#rows.push(rows.slice(at, at + this.#tasks));
  }
}

import type { LearnerState, SavedArray } from "../learner.js";
import type { MlpShape } from "../model/dynamics.js";
import { savedArray } from "../model/parameters.js";
import type { EndedTask, Importance, QuadraticPenalty } from "./consolidation.js";
import { fisherDiagonal } from "./fisher.js";

const vector = (data: Float32Array): SavedArray => ({ shape: [data.length], data });

/**
 * Elastic weight consolidation (Kirkpatrick et al. 2017, "Overcoming catastrophic forgetting in neural networks",
 * equation 3): `L = L_task + Σ_j λ/2 Σ_i F_ji (θ_i - θ*_ji)²`, one term for every earlier task j (not "online"),
 * with the task's weights θ*_j and its diagonal Fisher information F_j; see `fisherDiagonal`.
 */
export class FisherImportance implements Importance {
  readonly strength: number;
  readonly followsPath = false;
  readonly #dynamics: MlpShape;
  readonly #fisher: Float32Array[] = [];
  readonly #anchors: Float32Array[] = [];

  constructor(dynamics: MlpShape, lambda: number) {
    this.#dynamics = dynamics;
    this.strength = lambda / 2;
  }

  /**
   * The terms of all tasks as one, so that a minibatch costs the same however many there are: with `A = Σ F_j` and
   * `c = Σ F_j θ*_j / A` the sum is `A (θ - c)² + Σ F_j (θ*_j - c)²`, weight by weight.
   */
  penalty(): QuadraticPenalty | undefined {
    if (this.#fisher.length === 0) return undefined;
    const size = this.#fisher[0].length;
    const [importance, anchor] = [new Float32Array(size), new Float32Array(size)];
    let offset = 0;
    for (let i = 0; i < size; i++) {
      let [total, weighted] = [0, 0];
      this.#fisher.forEach((fisher, j) => {
        total += fisher[i];
        weighted += fisher[i] * this.#anchors[j][i];
      });
      const centre = total > 0 ? weighted / total : 0;
      importance[i] = total;
      anchor[i] = centre;
      this.#fisher.forEach((fisher, j) => {
        offset += fisher[i] * (this.#anchors[j][i] - centre) ** 2;
      });
    }
    return { importance, anchor, offset };
  }

  async endTask({ end, weights, data, normalizer }: EndedTask): Promise<void> {
    this.#fisher.push(await fisherDiagonal(this.#dynamics, weights, data, normalizer));
    this.#anchors.push(end);
  }

  arrays(): Record<string, SavedArray> {
    const named = (kind: string, list: readonly Float32Array[]) =>
      list.map((data, j) => [`${kind}.${j}`, vector(data)] as const);
    return Object.fromEntries([...named("fisher", this.#fisher), ...named("anchors", this.#anchors)]);
  }

  restore(arrays: LearnerState["arrays"], tasks: number, size: number): void {
    for (const [kind, list] of [
      ["fisher", this.#fisher],
      ["anchors", this.#anchors],
    ] as const) {
      list.length = 0;
      for (let j = 0; j < tasks; j++) list.push(savedArray(arrays, `${kind}.${j}`, size).slice());
    }
  }
}

/**
 * Synaptic intelligence (Zenke, Poole & Ganguli 2017, "Continual learning through synaptic intelligence", equations
 * 3 to 5): `L = L_task + c Σ_i Ω_i (θ_i - θ̃_i)²` with θ̃ the weights at the end of the last task and
 * `Ω_i = Σ_ν ω_i^ν / ((Δ_i^ν)² + ξ)`, where over task ν the weight moved by Δ and its share in the fall of the task's
 * loss was `ω = -Σ g Δθ`, summed along the path with the gradient g of the task loss alone. As in the authors' code
 * an Ω below zero counts as zero: a negative penalty would drive weights away.
 */
export class PathImportance implements Importance {
  readonly strength: number;
  readonly followsPath = true;
  readonly #xi: number;
  #importance: Float32Array | undefined;
  #anchor: Float32Array | undefined;

  constructor(c: number, xi: number) {
    this.strength = c;
    this.#xi = xi;
  }

  penalty(): QuadraticPenalty | undefined {
    const [importance, anchor] = [this.#importance, this.#anchor];
    return importance && anchor && { importance, anchor, offset: 0 };
  }

  async endTask({ start, end, path }: EndedTask): Promise<void> {
    const before = this.#importance;
    this.#importance = end.map((value, i) => {
      const added = path[i] / ((value - start[i]) ** 2 + this.#xi);
      return Math.max(0, (before?.[i] ?? 0) + added);
    });
    this.#anchor = end;
  }

  arrays(): Record<string, SavedArray> {
    const penalty = this.penalty();
    return penalty ? { importance: vector(penalty.importance), anchor: vector(penalty.anchor) } : {};
  }

  restore(arrays: LearnerState["arrays"], tasks: number, size: number): void {
    const read = (name: string) => (tasks === 0 ? undefined : savedArray(arrays, name, size).slice());
    [this.#importance, this.#anchor] = [read("importance"), read("anchor")];
  }
}

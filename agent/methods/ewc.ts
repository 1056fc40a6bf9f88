import type { MlpShape } from "../model/dynamics.js";
import { readRows, type SavedArray, type SavedArrays, savedRows } from "../model/saved-arrays.js";
import { ConsolidationLearner } from "./consolidation-learner.js";
import { fisherDiagonal } from "./fisher.js";
import type { EndedTask, Importance, QuadraticPenalty } from "./importance.js";
import type { Method } from "./method.js";
import { networkSize } from "./network-size.js";

/** Elastic weight consolidation; see `FisherImportance`. */
export const ewc: Method = {
  name: "ewc",
  summary: "one network, held back where the Fisher information says a weight matters to earlier tasks",
  size: (dynamics, settings) => networkSize(dynamics, settings, 2 * settings.tasks + 3),
  create: (options, { mlp }) => {
    const importance = new FisherImportance(options.dynamics, mlp.ewcLambda);
    return new ConsolidationLearner({ ...options, stepSizes: mlp, importance });
  },
};

/**
 * Elastic weight consolidation (Kirkpatrick et al. 2017, "Overcoming catastrophic forgetting in neural networks",
 * equation 3): `L = L_task + Σ_j λ/2 Σ_i F_ji (θ_i - θ*_ji)²`, one term for every earlier task j (not "online"),
 * with the task's weights θ*_j and its diagonal Fisher information F_j; see `fisherDiagonal`.
 */
class FisherImportance implements Importance {
  readonly strength: number;
  readonly followsPath = false;
  readonly #dynamics: MlpShape;
  #fisher: Float32Array[] = [];
  #anchors: Float32Array[] = [];

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
    const size = this.#fisher[0]!.length;
    const importance = new Float32Array(size);
    const anchor = new Float32Array(size);
    let offset = 0;
    for (let i = 0; i < size; i++) {
      let total = 0;
      let weighted = 0;
      this.#fisher.forEach((fisher, j) => {
        total += fisher[i]!;
        weighted += fisher[i]! * this.#anchors[j]![i]!;
      });
      const centre = total > 0 ? weighted / total : 0;
      importance[i] = total;
      anchor[i] = centre;
      this.#fisher.forEach((fisher, j) => {
        offset += fisher[i]! * (this.#anchors[j]![i]! - centre) ** 2;
      });
    }
    return { importance, anchor, offset };
  }

  async endTask({ end, weights, data, normalizer }: EndedTask): Promise<void> {
    this.#fisher.push(await fisherDiagonal(this.#dynamics, weights, data, normalizer));
    this.#anchors.push(end);
  }

  arrays(): Record<string, SavedArray> {
    return { ...savedRows("fisher", this.#fisher), ...savedRows("anchors", this.#anchors) };
  }

  restore(arrays: SavedArrays, tasks: number, size: number): void {
    this.#fisher = readRows(arrays, "fisher", tasks, size);
    this.#anchors = readRows(arrays, "anchors", tasks, size);
  }
}

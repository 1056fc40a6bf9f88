import { elementAt } from "../../sim/core/element.js";
import type { MlpShape } from "../model/network.js";
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
  revisits: true,
  size: (dynamics, settings) => networkSize(dynamics, settings, 2 * settings.tasks + 3),
  create: (options, { mlp }) => {
    const importance = new FisherImportance(options.dynamics, mlp.ewcLambda);
    return new ConsolidationLearner({ ...options, stepSizes: mlp, importance });
  },
};

/**
 * Elastic weight consolidation (Kirkpatrick et al. 2017, "Overcoming catastrophic forgetting in neural networks",
 * equation 3): `L = L_task + Σ_j λ/2 Σ_i F_ji (θ_i - θ*_ji)²`, one term for every earlier task j (not "online"),
 * with the task's weights θ*_j and its diagonal Fisher information F_j; see `fisherDiagonal`. While a task is learned again its own
 * term is left out, and at its end the new one takes the old one's place, so that every task has one.
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
  penalty(task: number): QuadraticPenalty | undefined {
    const terms = this.#fisher.flatMap((fisher, j) =>
      j === task ? [] : [{ fisher, anchor: elementAt(this.#anchors, j, "anchors of tasks") }],
    );
    const size = terms[0]?.fisher.length;
    if (size === undefined) return undefined;
    const importance = new Float32Array(size);
    const anchor = new Float32Array(size);
    let offset = 0;
    for (let i = 0; i < size; i++) {
      let total = 0;
      let weighted = 0;
      for (const { fisher, anchor: own } of terms) {
        total += fisher[i]!;
        weighted += fisher[i]! * own[i]!;
      }
      const centre = total > 0 ? weighted / total : 0;
      importance[i] = total;
      anchor[i] = centre;
      for (const { fisher, anchor: own } of terms) offset += fisher[i]! * (own[i]! - centre) ** 2;
    }
    return { importance, anchor, offset };
  }

  async endTask({ task, end, weights, data, normalizer }: EndedTask): Promise<void> {
    this.#fisher[task] = await fisherDiagonal(this.#dynamics, weights, data, normalizer);
    this.#anchors[task] = end;
  }

  arrays(): Record<string, SavedArray> {
    return { ...savedRows("fisher", this.#fisher), ...savedRows("anchors", this.#anchors) };
  }

  restore(arrays: SavedArrays, tasks: number, size: number): void {
    this.#fisher = readRows(arrays, "fisher", tasks, size);
    this.#anchors = readRows(arrays, "anchors", tasks, size);
  }
}

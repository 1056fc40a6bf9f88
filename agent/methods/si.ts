import { type SavedArray, type SavedArrays, savedArray, savedRow } from "../model/saved-arrays.js";
import { ConsolidationLearner } from "./consolidation-learner.js";
import type { EndedTask, Importance, QuadraticPenalty } from "./importance.js";
import type { Method } from "./method.js";
import { networkSize } from "./network-size.js";

/** Synaptic intelligence; see `PathImportance`. */
export const si: Method = {
  name: "si",
  summary: "one network, held back where a weight's path through training lowered the loss of earlier tasks",
  revisits: true,
  size: (dynamics, settings) => networkSize(dynamics, settings, 6),
  create: (options, { mlp }) => {
    const importance = new PathImportance(mlp.siStrength, mlp.siDamping);
    return new ConsolidationLearner({ ...options, stepSizes: mlp, importance });
  },
};

/**
 * Synaptic intelligence (Zenke, Poole & Ganguli 2017, "Continual learning through synaptic intelligence", equations
 * 3 to 5): `L = L_task + c Σ_i Ω_i (θ_i - θ̃_i)²` with θ̃ the weights at the end of the last task and
 * `Ω_i = Σ_ν ω_i^ν / ((Δ_i^ν)² + ξ)`, where over task ν the weight moved by Δ and its share in the fall of the task's
 * loss was `ω = -Σ g Δθ`, summed along the path with the gradient g of the task loss alone. As in the authors' code
 * an Ω below zero counts as zero: a negative penalty would drive weights away. A task that is learned again is one more task ν of the
 * sum, as its share from before cannot be told from the others'.
 */
class PathImportance implements Importance {
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
    const importance = this.#importance;
    const anchor = this.#anchor;
    return importance && anchor && { importance, anchor, offset: 0 };
  }

  async endTask({ start, end, path }: EndedTask): Promise<void> {
    const before = this.#importance;
    this.#importance = end.map((value, i) => {
      const added = path[i]! / ((value - start[i]!) ** 2 + this.#xi);
      return Math.max(0, (before?.[i] ?? 0) + added);
    });
    this.#anchor = end;
  }

  arrays(): Record<string, SavedArray> {
    const penalty = this.penalty();
    return penalty ? { importance: savedRow(penalty.importance), anchor: savedRow(penalty.anchor) } : {};
  }

  restore(arrays: SavedArrays, tasks: number, size: number): void {
    const read = (name: string) => (tasks === 0 ? undefined : savedArray(arrays, name, size).slice());
    this.#importance = read("importance");
    this.#anchor = read("anchor");
  }
}

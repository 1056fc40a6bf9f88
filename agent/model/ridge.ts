import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { RunError } from "../../sim/core/errors.js";

/**
 * Least squares with a penalty on the squares of the weights, over all rows that were ever seen and of which none is kept:
 *
 *     W = argmin Σ ‖y - φ W‖² + λ ‖W‖² = (G + λ I)⁻¹ B,   G = Σ φᵀ φ,   B = Σ φᵀ y
 *
 * G and B are all that later rows need of earlier ones, so the fit after each row is the one that all rows together would give. They
 * are rounded to float32 after each addition, as they are saved.
 */
export class RidgeRegression {
  /** G, `[F, F]`. */
  readonly gram: Float32Array;
  /** B, `[F, X]`. */
  readonly products: Float32Array;
  readonly #features: number;
  readonly #targets: number;

  /** @param features F @param targets X */
  constructor(features: number, targets: number) {
    this.#features = features;
    this.#targets = targets;
    this.gram = new Float32Array(features * features);
    this.products = new Float32Array(features * targets);
  }

  /** @param phi `[N, F]` @param y `[N, X]` */
  add(phi: Float64Array, y: Float64Array): void {
    addProducts(this.gram, phi, phi, this.#features, this.#features);
    addProducts(this.products, phi, y, this.#features, this.#targets);
  }

  /** @param penalty λ @returns W, `[F, X]` @throws RunError when λ is too small for the rounding errors */
  solve(penalty: number): Float64Array {
    const [F, X] = [this.#features, this.#targets];
    const system = Matrix.from1DArray(F, F, this.gram);
    for (let f = 0; f < F; f++) system.set(f, f, system.get(f, f) + penalty);
    const decomposition = new CholeskyDecomposition(system);
    if (!decomposition.isPositiveDefinite()) {
      throw new RunError({
        what: "The least squares of method ftl have no solution",
        got: `mlp.ftlRidge=${penalty}, and features that are nearly dependent`,
        expected: "a larger penalty",
        todo: "Start a run with a larger mlp.ftlRidge; what was saved before this session is intact",
      });
    }
    return Float64Array.from(decomposition.solve(Matrix.from1DArray(F, X, this.products)).to1DArray());
  }
}

/** sum += aᵀ b, with rows of a `[N, rows]` and b `[N, columns]`. */
function addProducts(
  sum: Float32Array,
  a: Float64Array,
  b: Float64Array,
  rows: number,
  columns: number,
): void {
  const total = Float64Array.from(sum);
  for (let n = 0; n * rows < a.length; n++) {
    const other = b.subarray(n * columns, (n + 1) * columns);
    for (let r = 0; r < rows; r++) {
      const value = a[n * rows + r]!;
      if (value === 0) continue;
      const at = r * columns;
      for (let c = 0; c < columns; c++) total[at + c]! += value * other[c]!;
    }
  }
  sum.set(total);
}

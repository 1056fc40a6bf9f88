/**
 * Factors a symmetric positive definite matrix `[n, n]` (row-major, lower triangle read) in place into its lower
 * Cholesky factor. A matrix that is not positive definite gives NaN, which the environment reports.
 */
export function factor(a: Float64Array, n: number): void {
  for (let j = 0; j < n; j++) {
    const rowJ = j * n;
    let d = a[rowJ + j]!;
    for (let k = 0; k < j; k++) d -= a[rowJ + k]! * a[rowJ + k]!;
    const diagonal = Math.sqrt(d);
    a[rowJ + j] = diagonal;
    const inverse = 1 / diagonal;
    for (let i = j + 1; i < n; i++) {
      const rowI = i * n;
      let s = a[rowI + j]!;
      for (let k = 0; k < j; k++) s -= a[rowI + k]! * a[rowJ + k]!;
      a[rowI + j] = s * inverse;
    }
  }
}

/** Solves L y = b in place for the `n` entries of `b` from `at`. */
export function solveLower(l: Float64Array, n: number, b: Float64Array, at = 0): void {
  for (let i = 0; i < n; i++) {
    let s = b[at + i]!;
    for (let k = 0; k < i; k++) s -= l[i * n + k]! * b[at + k]!;
    b[at + i] = s / l[i * n + i]!;
  }
}

/** Solves L Lᵀ x = b in place for the `n` entries of `b` from `at`. */
export function solve(l: Float64Array, n: number, b: Float64Array, at = 0): void {
  solveLower(l, n, b, at);
  for (let i = n - 1; i >= 0; i--) {
    let s = b[at + i]!;
    for (let k = i + 1; k < n; k++) s -= l[k * n + i]! * b[at + k]!;
    b[at + i] = s / l[i * n + i]!;
  }
}

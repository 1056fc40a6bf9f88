/**
 * Arc tangent for |t| ≤ 1, error below 1e-15. `Math.atan` may differ in the last bit between JavaScript engines;
 * this uses only operations that IEEE 754 defines exactly, so that a replay on another engine stays bit-identical.
 */
export function atanUnit(t: number): number {
  // Two halvings of the angle bring |t| below 0.2, where eleven terms of the series suffice.
  t /= 1 + Math.sqrt(1 + t * t);
  t /= 1 + Math.sqrt(1 + t * t);
  const u = t * t;
  let sum = 1 / 21;
  for (let k = 19; k >= 1; k -= 2) sum = 1 / k - u * sum;
  return 4 * t * sum;
}

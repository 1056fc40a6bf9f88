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

/**
 * Angle in (-π, π] of the rotation whose quaternion has the real part `w` and the part `s` along the axis of
 * rotation, not necessarily normalised; built on `atanUnit` for the same bits everywhere.
 */
export function twistAngle(s: number, w: number): number {
  const sine = w < 0 ? -s : s;
  const cosine = w < 0 ? -w : w;
  // tan(θ/4) from sin and cos of θ/2 stays within ±1.
  return 4 * atanUnit(sine / (Math.sqrt(sine * sine + cosine * cosine) + cosine));
}

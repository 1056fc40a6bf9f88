/** x · y + z. With relaxed SIMD it is one operation, which rounds once where the processor has such. */
// @ts-ignore: decorator
@inline
export function mulAdd(x: v128, y: v128, z: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, z);
  return f32x4.add(f32x4.mul(x, y), z);
}

/** z - x · y, rounded as `mulAdd` rounds. */
// @ts-ignore: decorator
@inline
export function subProduct(z: v128, x: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(x, y, z);
  return f32x4.sub(z, f32x4.mul(x, y));
}

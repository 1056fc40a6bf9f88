/** x · y + z */
// @ts-ignore: decorator
@inline
export function mulAdd(x: v128, y: v128, z: v128): v128 {
  return f32x4.add(f32x4.mul(x, y), z);
}

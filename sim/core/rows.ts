/**
 * Views of the rows of an array `[N, stride]`.
 * @param length how many numbers of a row a view has, from its first on; default all
 */
export function rowsOf(data: Float32Array, stride: number, length = stride): Float32Array[] {
  return Array.from({ length: data.length / stride }, (_, i) =>
    data.subarray(i * stride, i * stride + length),
  );
}

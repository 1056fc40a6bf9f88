/**
 * The same bytes as a `Buffer`, without a copy. What the library's types say of bytes is `Uint8Array`, since the types of
 * Node are no part of the package; inside, this gives the reading methods of `Buffer`.
 */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

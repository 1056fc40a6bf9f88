/** The Castagnoli polynomial, lowest power in the highest bit. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let r = byte;
  for (let bit = 0; bit < 8; bit++) r = (r >>> 1) ^ (r & 1 ? POLYNOMIAL : 0);
  return r;
});

/** CRC-32C of bytes (RFC 3720, appendix B.4), an unsigned 32-bit number; `zlib` has CRC-32 only. */
export function crc32c(bytes: Uint8Array): number {
  let r = -1;
  for (const byte of bytes) r = TABLE[(r ^ byte) & 0xff]! ^ (r >>> 8);
  return ~r >>> 0;
}

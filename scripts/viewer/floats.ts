import { endianness } from "node:os";
import type { Floats } from "./payload.js";

/** Packs numbers as little-endian float32. */
export function floats(values: ArrayLike<number>): Floats {
  const bytes = Buffer.from(new Float32Array(values).buffer);
  if (endianness() === "BE") bytes.swap32();
  return bytes.toString("base64");
}

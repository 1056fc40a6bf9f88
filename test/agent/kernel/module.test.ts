import { describe, expect, it } from "vitest";
import { instantiateKernel, type KernelInstructions } from "../../../agent/kernel/module.js";
import { HAS_RELAXED } from "../engines.js";

const ROWS = 3;
const TILE = 16;
/** Bytes where the arrays begin. */
const PLACES = { w: 1024, h: 2048, out: 3072 };

/** What one tile generates: h · W, each sum in the order of the rows. */
function generated(instructions: KernelInstructions, w: Float32Array, h: Float32Array): Float32Array {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernel = instantiateKernel(instructions, false, memory);
  new Float32Array(memory.buffer, PLACES.w, w.length).set(w);
  new Float32Array(memory.buffer, PLACES.h, h.length).set(h);
  kernel.forward(0, 1, ROWS, PLACES.w, PLACES.h, PLACES.out);
  return new Float32Array(memory.buffer, PLACES.out, TILE);
}

// Of 12 bits, so that their products with numbers of 24 bits are exact in float64, and a sum with one too.
const numbers = (length: number, from: number) =>
  Float32Array.from({ length }, (_, i) => (((i + from) * 1103) % 4096) / 4096);
const W = numbers(ROWS * TILE, 1);
const H = Float32Array.of(1, 0.3, 0.7);

/** The sums in float64 with one rounding, or two, for each product that is added. */
function expected(roundings: 1 | 2): number[] {
  return Array.from({ length: TILE }, (_, c) => {
    let sum = 0;
    for (let r = 0; r < ROWS; r++) {
      const product = H[r]! * W[r * TILE + c]!;
      sum = Math.fround(sum + (roundings === 1 ? product : Math.fround(product)));
    }
    return sum;
  });
}

describe("the kernel's instructions", () => {
  it("round a product and its sum twice with simd128", () => {
    expect([...generated("simd128", W, H)]).toEqual(expected(2));
  });

  it.runIf(HAS_RELAXED)("round them once with relaxed SIMD, which gives other bits", () => {
    expect([...generated("relaxed", W, H)]).toEqual(expected(1));
    expect(expected(1)).not.toEqual(expected(2));
  });
});

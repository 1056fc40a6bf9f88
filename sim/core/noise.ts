import { fixedMemory, hasSimd, instantiate } from "./wasm.js";

/** The functions of `assembly/noise.ts`. */
interface Kernel {
  fillNormal(state: number, out: number, count: number): void;
  multiply(map: number, x: number, out: number, size: number, width: number): void;
}

/** Words of the four streams' states. */
export const NOISE_STATE = 16;

const STATE_AT = 1024;
const BLOCK_AT = 2048;
/** Numbers handled in one call: they stay in a core's second-level cache until they are copied. */
const BLOCK = 32768;

/** Rows of the largest matrix that `multiply` takes. */
export const MOST_ROWS = 120;

/** Vectorised random numbers. */
export interface Noise {
  /** Fills with standard normal numbers, starting from `NOISE_STATE` random words. */
  fill(words: Int32Array, out: Float32Array): void;
  /** `out [n, M] = map [n, n] · x [n, M]`, n at most `MOST_ROWS`; `out` is another buffer than `x`. */
  multiply(map: Float32Array, x: Float32Array, out: Float32Array): void;
}

function createNoise(): Noise | undefined {
  if (!hasSimd()) return undefined;
  const memory = fixedMemory(BLOCK_AT + 4 * BLOCK);
  const kernel = instantiate<Kernel>("sim/core/noise.wasm", memory);
  const state = new Int32Array(memory.buffer, STATE_AT, NOISE_STATE);
  const block = new Float32Array(memory.buffer, BLOCK_AT, BLOCK);
  const fill = (words: Int32Array, out: Float32Array) => {
    state.set(words);
    for (let at = 0; at < out.length; at += BLOCK) {
      const count = Math.min(BLOCK, out.length - at);
      kernel.fillNormal(STATE_AT, BLOCK_AT, Math.ceil(count / 8) * 8);
      out.set(block.subarray(0, count), at);
    }
  };
  const multiply = (map: Float32Array, x: Float32Array, out: Float32Array) => {
    const size = Math.sqrt(map.length);
    const columns = x.length / size;
    block.set(map);
    // The rest of the block holds as many columns of x and of the product as fit.
    const most = Math.floor((BLOCK - map.length) / (2 * size * 8)) * 8;
    for (let from = 0; from < columns; from += most) {
      const count = Math.min(most, columns - from);
      const width = Math.ceil(count / 8) * 8;
      const xAt = map.length;
      const outAt = xAt + size * width;
      for (let k = 0; k < size; k++)
        block.set(x.subarray(k * columns + from, k * columns + from + count), xAt + k * width);
      const byteAt = (place: number) => BLOCK_AT + 4 * place;
      kernel.multiply(byteAt(0), byteAt(xAt), byteAt(outAt), size, width);
      for (let k = 0; k < size; k++) {
        out.set(block.subarray(outAt + k * width, outAt + k * width + count), k * columns + from);
      }
    }
  };
  return { fill, multiply };
}

/** The one instance; it keeps nothing from call to call. Undefined where WebAssembly has no SIMD. */
export const noise = createNoise();

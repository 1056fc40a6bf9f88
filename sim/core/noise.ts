import { hasSimd, instantiate, wasmBytes } from "./wasm.js";

/** The function of `assembly/noise.ts`. */
interface Kernel {
  fillNormal(state: number, out: number, count: number): void;
}

/** Words of the four streams' states. */
export const NOISE_STATE = 16;

const STATE_AT = 1024;
const OUT_AT = 2048;
/** Numbers made in one call: they stay in a core's second-level cache until they are copied. */
const BLOCK = 32768;

/** Fills with standard normal numbers, starting from `NOISE_STATE` random words. */
export type NoiseFill = (words: Int32Array, out: Float32Array) => void;

/** The vectorised generator, or undefined where WebAssembly has no SIMD. */
export function createNoise(): NoiseFill | undefined {
  if (!hasSimd()) return undefined;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((OUT_AT + 4 * BLOCK) / 65536) });
  const kernel = instantiate<Kernel>(wasmBytes("sim/core/noise.wasm"), memory);
  const state = new Int32Array(memory.buffer, STATE_AT, NOISE_STATE);
  const block = new Float32Array(memory.buffer, OUT_AT, BLOCK);
  return (words, out) => {
    state.set(words);
    for (let at = 0; at < out.length; at += BLOCK) {
      const count = Math.min(BLOCK, out.length - at);
      kernel.fillNormal(STATE_AT, OUT_AT, Math.ceil(count / 8) * 8);
      out.set(block.subarray(0, count), at);
    }
  };
}

import { setFlagsFromString } from "node:v8";
import { instantiate, wasmBytes } from "../../sim/core/wasm.js";

/** Functions that `assembly/index.ts` exports; every address is in bytes, every count in numbers. */
export interface Kernel {
  forward(first: number, last: number, rows: number, w: number, h: number, out: number): void;
  backward(first: number, last: number, rows: number, w: number, d: number, sums: number): void;
  lookAhead(
    first: number,
    last: number,
    rows: number,
    w: number,
    m: number,
    v: number,
    h0: number,
    G: number,
    ahead: number,
    R: number,
    targets: number,
    d: number,
    stride: number,
    coefficient: number,
    adam: number,
    scratch: number,
    sums: number,
    gram: number,
  ): void;
  update(
    first: number,
    last: number,
    rows: number,
    w: number,
    m: number,
    v: number,
    h: number,
    T: number,
    d: number,
    stride: number,
    adam: number,
    next: number,
    out: number,
  ): void;
  /** Whether a product and a sum are rounded once together. @param x 1 + 2^-12 */
  roundsOnce(x: number): number;
}

/**
 * The instructions that the kernel is made of: those of every WebAssembly SIMD, or also `relaxed_madd` of relaxed SIMD, which rounds a
 * product and a sum once together. The two give different bits.
 */
export type KernelInstructions = "simd128" | "relaxed";

/** Compiles the kernel for a memory of one thread, or for one shared by several. */
export function instantiateKernel(
  instructions: KernelInstructions,
  shared: boolean,
  memory: WebAssembly.Memory,
): Kernel {
  if (instructions === "relaxed") enableRelaxedSimd();
  return instantiate<Kernel>(kernelFile(instructions, shared), memory);
}

/** Why this machine cannot run the kernel, or undefined when it can. */
export function kernelObstacle(instructions: KernelInstructions = "simd128"): string | undefined {
  if (typeof SharedArrayBuffer === "undefined") return "SharedArrayBuffer is missing";
  if (!WebAssembly.validate(wasmBytes(kernelFile("simd128", true))))
    return "WebAssembly has no SIMD or no threads";
  if (instructions === "simd128") return undefined;
  if (!enableRelaxedSimd()) return "WebAssembly has no relaxed SIMD";
  const memory = new WebAssembly.Memory({ initial: 1 });
  // Without such an instruction a product and a sum are rounded one after the other, and the bits are others.
  if (instantiateKernel("relaxed", false, memory).roundsOnce(1 + 2 ** -12) === 0)
    return "the processor has no fused multiply-add";
  return undefined;
}

function kernelFile(instructions: KernelInstructions, shared: boolean): `${string}.wasm` {
  return `agent/kernel/${shared ? "shared" : "single"}${instructions === "relaxed" ? "-relaxed" : ""}.wasm`;
}

/** Whether modules with relaxed SIMD can be compiled. Node 20 has it behind a flag, which holds for all threads of the process. */
function enableRelaxedSimd(): boolean {
  const valid = () => WebAssembly.validate(wasmBytes(kernelFile("relaxed", true)));
  if (valid()) return true;
  setFlagsFromString("--experimental-wasm-relaxed-simd");
  return valid();
}

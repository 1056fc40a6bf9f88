import { instantiate, wasmBytes } from "../../sim/core/wasm.js";

/** Functions of `assembly/head.ts`; every address is in bytes, every count in numbers. */
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
}

/** The build writes the kernel twice: for a memory of one thread, and for one shared by several. */
export type KernelKind = "single" | "shared";

/** Compiles the kernel for a memory. */
export function instantiateKernel(kind: KernelKind, memory: WebAssembly.Memory): Kernel {
  return instantiate<Kernel>(`agent/kernel/${kind}.wasm`, memory);
}

/** Why this machine cannot run the kernel, or undefined when it can. */
export function kernelObstacle(): string | undefined {
  if (typeof SharedArrayBuffer === "undefined") return "SharedArrayBuffer is missing";
  if (!WebAssembly.validate(wasmBytes("agent/kernel/shared.wasm")))
    return "WebAssembly has no SIMD or no threads";
  return undefined;
}

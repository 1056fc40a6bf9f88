import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The bytes of a kernel that `npm run build` compiled, found also when the sources run unbuilt. */
export function wasmBytes(path: `${string}.wasm`): Uint8Array {
  return readFileSync(require.resolve(`#dist/${path}`));
}

/** Whether WebAssembly has SIMD here: only then is one of our own kernels valid. */
export function hasSimd(): boolean {
  return WebAssembly.validate(wasmBytes("sim/core/noise.wasm"));
}

/** Compiles a kernel for a memory. */
export function instantiate<T>(bytes: Uint8Array, memory: WebAssembly.Memory): T {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as T;
}

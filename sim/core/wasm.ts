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

/** Bytes of a page, the unit in which WebAssembly memory is given. */
export const PAGE_BYTES = 65536;

/** A memory of at least so many bytes, which never grows, so that views of it stay valid. */
export function fixedMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

/** Kernels by path. Each is compiled once: its code gets quicker while it runs, for all its instances. */
const modules = new Map<string, WebAssembly.Module>();

/** A kernel that `npm run build` compiled, for a memory. */
export function instantiate<T>(path: `${string}.wasm`, memory: WebAssembly.Memory): T {
  const module = modules.get(path) ?? new WebAssembly.Module(wasmBytes(path));
  modules.set(path, module);
  return new WebAssembly.Instance(module, { env: { memory } }).exports as T;
}

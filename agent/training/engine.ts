import type { Compute, TrainingEngine } from "../compute.js";
import type { KernelInstructions } from "../kernel/module.js";

/** How the fused kernel computes. */
export interface KernelChoice {
  /** Threads that share the head's passes. */
  readonly threads: number;
  readonly instructions: KernelInstructions;
}

/** The kernel that an engine computes with, or undefined where the graph makes the steps: chosen, or because the kernel cannot run. */
export function kernelChoice(engine: TrainingEngine, { threads, kernel }: Compute): KernelChoice | undefined {
  if (engine === "graph" || !kernel) return undefined;
  return { threads, instructions: engine === "relaxed" ? "relaxed" : "simd128" };
}

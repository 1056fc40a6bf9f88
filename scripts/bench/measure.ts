import { Graph } from "../../agent/graph/graph.js";
import * as ops from "../../agent/graph/operations.js";
import { alignedArray, Session, tensor } from "../../agent/graph/session.js";

/** Runs that are thrown away before measuring. */
const WARM_UP = 3;
/** Runs behind every median. */
export const ROUNDS = 11;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/**
 * Times several things in turn (A B C A B C …), so that a machine that changes speed changes it for all.
 * @returns one median per job, ms
 */
export async function medians(jobs: readonly (() => Promise<unknown> | unknown)[]): Promise<number[]> {
  const times = jobs.map((): number[] => []);
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    for (const [i, job] of jobs.entries()) {
      const started = performance.now();
      await job();
      if (round >= 0) times[i].push(performance.now() - started);
    }
  }
  return times.map(median);
}

const GEMM_SIZE = 1024;
/** Floating-point operations of `gemmJob`. */
export const GEMM_FLOP = 2 * GEMM_SIZE ** 3;

/** The machine's own rate: one 1024³ matrix product through the same runtime, on one thread. */
export async function gemmJob(): Promise<() => Promise<void>> {
  const g = new Graph();
  const shape = [GEMM_SIZE, GEMM_SIZE];
  g.output("c", ops.gemm(g.input("a", shape), g.input("b", shape)));
  const session = await Session.create(g);
  const filled = (value: number) => tensor(alignedArray(GEMM_SIZE ** 2).fill(value), shape);
  const feeds = { a: filled(0.5), b: filled(0.25) };
  const results = { c: filled(0) };
  return () => session.run(feeds, results);
}

/** One pass over memory: reads and writes `length` float32 numbers once each. */
export function memoryPassJob(length: number): () => void {
  const from = alignedArray(length).fill(1);
  const to = alignedArray(length);
  return () => to.set(from);
}

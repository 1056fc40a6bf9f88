import { elementAt } from "../../sim/core/element.js";
import { GEMM_FLOP, gemmJob, type Job, memoryPassJob } from "./measure.js";

/** What some work cannot do without. */
export interface Demand {
  /** Floating-point operations of its matrix products. */
  readonly flop: number;
  /** Bytes that must be read or written. */
  readonly bytes: number;
}

/** What the machine does per ms at its own best. */
export interface Rates {
  readonly flopPerMs: number;
  readonly bytesPerMs: number;
}

/** The shortest time that the machine's rates allow, and which of them sets it. */
export interface Limit {
  readonly ms: number;
  readonly by: "Gemm" | "memory";
}

// Four times the last-level cache of common machines: a longer pass is no slower per byte.
const LONGEST_PASS = 32 * 1024 ** 2;

/**
 * The two jobs that measure the machine's rates, to be run in turn with the work.
 * @param numbers float32 numbers that the work goes through; the pass takes as many, because what fits a cache moves faster
 */
export async function rateJobs(
  numbers: number,
): Promise<{ jobs: Job[]; rates(ms: readonly number[]): Rates }> {
  const length = Math.min(numbers, LONGEST_PASS);
  return {
    jobs: [await gemmJob(), memoryPassJob(length)],
    rates: (ms) => ({
      flopPerMs: GEMM_FLOP / elementAt(ms, 0, "times"),
      bytesPerMs: (8 * length) / elementAt(ms, 1, "times"),
    }),
  };
}

/** The roofline (Williams, Waterman & Patterson 2009): arithmetic and memory traffic overlap at best. */
export function limitOf({ flop, bytes }: Demand, { flopPerMs, bytesPerMs }: Rates): Limit {
  const [gemm, memory] = [flop / flopPerMs, bytes / bytesPerMs];
  return gemm >= memory ? { ms: gemm, by: "Gemm" } : { ms: memory, by: "memory" };
}

/** The limit in words, with the rates behind it. */
export function describeLimit(demand: Demand, rates: Rates): string {
  const { ms, by } = limitOf(demand, rates);
  const why =
    by === "Gemm"
      ? `${(demand.flop / 1e6).toFixed(0)} MFLOP at ${gflops(rates).toFixed(0)} GFLOP/s`
      : `${(demand.bytes / 1e6).toFixed(0)} MB at ${gigabytes(rates).toFixed(0)} GB/s`;
  return `${ms.toFixed(2)} ms: ${why}`;
}

/** GFLOP/s. */
export const gflops = ({ flopPerMs }: Rates): number => flopPerMs / 1e6;
/** GB/s, reads and writes together. */
export const gigabytes = ({ bytesPerMs }: Rates): number => bytesPerMs / 1e6;

import { Graph } from "../../agent/graph/graph.js";
import * as ops from "../../agent/graph/operations.js";
import { alignedArray, Session, tensor } from "../../agent/graph/session.js";
import { medianOf } from "../../sim/core/median.js";

/** Runs behind every median, and runs thrown away before. */
export interface Repetition {
  readonly warmUp: number;
  readonly rounds: number;
}

export const REPETITION: Repetition = { warmUp: 3, rounds: 11 };
/** For jobs of seconds, which have long reached their speed after one run. */
export const LONG_REPETITION: Repetition = { warmUp: 1, rounds: 9 };

/** Does its work once and returns how long it took, ms. */
export type Job = () => number | Promise<number>;

/** A job that takes the time of some work from outside. */
export function timed(work: () => unknown): Job {
  return async () => {
    const started = performance.now();
    await work();
    return performance.now() - started;
  };
}

/** A job that takes the processor time of the process during some work, which other programs on the machine change little. */
export function timedOnProcessor(work: () => unknown): Job {
  return async () => {
    const started = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1000;
  };
}

/**
 * Runs several jobs in turn (A B C A B C …), so that a machine that changes speed changes it for all.
 * @returns one median per job, ms
 */
export async function medians(
  jobs: readonly Job[],
  { warmUp, rounds }: Repetition = REPETITION,
): Promise<number[]> {
  const runs = jobs.map((job) => ({ job, times: [] as number[] }));
  for (let round = -warmUp; round < rounds; round++) {
    for (const { job, times } of runs) {
      const ms = await job();
      if (round >= 0) times.push(ms);
    }
  }
  return runs.map(({ times }) => medianOf(times));
}

const GEMM_SIZE = 1024;
/** Floating-point operations of `gemmJob`. */
export const GEMM_FLOP = 2 * GEMM_SIZE ** 3;

/** The machine's rate of arithmetic: one 1024³ matrix product through the same runtime, on one thread. @param clock what takes the time */
export async function gemmJob(clock = timed): Promise<Job> {
  const g = new Graph();
  const shape = [GEMM_SIZE, GEMM_SIZE];
  g.output("c", ops.gemm(g.input("a", shape), g.input("b", shape)));
  const session = await Session.create(g);
  const filled = (value: number) => tensor(alignedArray(GEMM_SIZE ** 2).fill(value), shape);
  const feeds = { a: filled(0.5), b: filled(0.25) };
  const results = { c: filled(0) };
  return clock(() => session.run(feeds, results));
}

/** One pass over memory: reads `length` float32 numbers and writes as many. */
export function memoryPassJob(length: number): Job {
  const from = alignedArray(length).fill(1);
  const to = alignedArray(length);
  return timed(() => to.set(from));
}

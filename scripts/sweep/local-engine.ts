import { checkMemoryOfJobs } from "../runs/memory-limit.js";
import type { EngineEvents, RunJob, SweepEngine } from "./engine.js";
import { runProcess } from "./run-process.js";

/**
 * Processes of this machine, `jobs` at a time.
 * @param memory most that they may take together, bytes; default 80 % of the machine's
 */
export function localEngine(jobs: number, memory?: number): SweepEngine {
  return {
    here: true,
    threads: 1,
    memory,
    checkReady: async () => {},
    due: async (unfinished) => unfinished,
    checkMemory: (needs) => checkMemoryOfJobs(needs, jobs, memory),
    async run(queue, events, signal) {
      const pending = [...queue];
      const worker = async () => {
        while (!signal.aborted) {
          const job = pending.shift();
          if (job === undefined) return;
          await runOnce(job, events, signal);
        }
      };
      await Promise.all(Array.from({ length: Math.min(jobs, queue.length) }, worker));
    },
  };
}

async function runOnce(job: RunJob, events: EngineEvents, signal: AbortSignal): Promise<void> {
  events.started(job);
  events.exited(job, await runProcess(job, signal, "SIGTERM"));
}

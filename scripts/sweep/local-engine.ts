import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { problemOf } from "../../sim/core/problem.js";
import type { EngineEvents, RunExit, RunJob, SweepEngine } from "./engine.js";

/** Processes of this machine, `jobs` at a time. */
export function localEngine(jobs: number): SweepEngine {
  return {
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
  events.exited(job, await endOf(job, signal));
}

async function endOf(job: RunJob, signal: AbortSignal): Promise<RunExit> {
  let log: number | undefined;
  try {
    mkdirSync(dirname(job.log), { recursive: true });
    log = openSync(job.log, "a");
    return await ended(startProcess(job, log), signal);
  } catch (error) {
    return { code: null, signal: null, startError: problemOf(error) };
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

/**
 * A process group of its own, because Ctrl-C in a terminal goes to the whole group and would reach the run twice. The
 * channel tells the run when this process is gone, however that ended, so that no run goes on unseen.
 */
function startProcess({ command: [program, ...args] }: RunJob, log: number): ChildProcess {
  return spawn(program, args, { detached: true, stdio: ["ignore", log, log, "ipc"] });
}

/** @throws Error when the process could not be started */
function ended(child: ChildProcess, signal: AbortSignal): Promise<RunExit> {
  return new Promise((resolve, reject) => {
    const stop = () => child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    child.on("error", reject);
    child.on("exit", (code, name) => {
      signal.removeEventListener("abort", stop);
      resolve({ code, signal: name });
    });
  });
}

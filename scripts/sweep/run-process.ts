import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { problemOf } from "../../sim/core/problem.js";
import type { RunCommand, RunExit } from "./engine.js";

/**
 * Runs the process of a job to its end.
 * @param signal asks it to save and stop
 * @param how by a signal, or by closing the channel that it listens to, for where a signal may reach it from elsewhere as well: of
 *   two it would end at once
 */
export async function runProcess(
  job: RunCommand,
  signal: AbortSignal,
  how: "SIGTERM" | "channel",
): Promise<RunExit> {
  let log: number | undefined;
  try {
    mkdirSync(dirname(job.log), { recursive: true });
    log = openSync(job.log, "a");
    return await ended(startProcess(job, log), signal, how);
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
function startProcess({ command: [program, ...args] }: RunCommand, log: number): ChildProcess {
  return spawn(program, args, { detached: true, stdio: ["ignore", log, log, "ipc"] });
}

/** @throws Error when the process could not be started */
function ended(child: ChildProcess, signal: AbortSignal, how: "SIGTERM" | "channel"): Promise<RunExit> {
  return new Promise((resolve, reject) => {
    const stop = () => (how === "channel" ? child.connected && child.disconnect() : child.kill(how));
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    child.on("error", reject);
    child.on("exit", (code, name) => {
      signal.removeEventListener("abort", stop);
      resolve({ code, signal: name });
    });
  });
}

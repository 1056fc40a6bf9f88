import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { STOP_SIGNALS } from "../runs/stop-signals.js";

/**
 * Works in a new folder for what nobody keeps, which is removed when the work ends. What asks to stop aborts the signal that the work
 * is given; it must then end soon, and with it all processes that write into the folder. The process ends of what asked it when the
 * folder is gone; asked once more, it removes the folder as it is and ends at once.
 * @param name `fuzz` for a folder `hypercrl-fuzz-…`
 */
export async function inTemporaryFolder<T>(
  name: string,
  work: (folder: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), `hypercrl-${name}-`));
  // A process that is just ending may still write a file.
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const stop = new AbortController();
  const release = () => {
    for (const signal of SIGNALS) process.off(signal, listen);
    process.off("exit", remove);
  };
  const listen = (signal: NodeJS.Signals) => {
    if (!stop.signal.aborted) return stop.abort(signal);
    remove();
    release();
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, listen);
  // Others end the process as well, such as what drives a browser.
  process.on("exit", remove);
  try {
    return await work(folder, stop.signal);
  } finally {
    // Listened to, no signal ends the process halfway through; one that came meanwhile is told of a moment later.
    remove();
    await wait(MOMENT_MS);
    release();
    if (stop.signal.aborted) {
      process.kill(process.pid, stop.signal.reason);
      // The work has no result to go on with.
      await wait(END_MS);
    }
  }
}

/** What ends a process that does not listen: what asks to stop, and the end of the terminal. */
const SIGNALS = [...STOP_SIGNALS, "SIGHUP"] as const;

/** Enough for the event loop to take up a signal that has come. */
const MOMENT_MS = 5;

/** Longer than the system needs to end a process that has sent itself a signal. */
const END_MS = 10_000;

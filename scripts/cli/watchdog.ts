import { Worker } from "node:worker_threads";
import { CALLS, callsAreShared, callsUnderWay, watchForeignCalls } from "../parts/foreign-calls.js";

/**
 * What `process` emits on the main thread, from within a call that does not return, when that call has gone on for so long
 * that signals shall end the process by themselves.
 */
export const UNANSWERED = "hypercrl:unanswered";

/** What the thread gets. */
export interface WatchdogData {
  readonly calls: Int32Array;
  readonly unanswered: string;
  /** The process that started this one and that it must not outlive; undefined where it may. */
  readonly parent: number | undefined;
}

/** A hook that may be called from now on. */
export interface WatchedHook {
  readonly id: number;
  readonly text: string;
}

/** How often the main thread shows that it turns, ms. */
const BEAT = 250;

/**
 * Watches calls into modules of a user's own from a thread of its own, which begins when the first one is to be called.
 * Signals are told to the main thread, and a module with an endless loop keeps it from listening.
 */
export function watchModules(): void {
  let thread: Worker | undefined;
  if (!callsAreShared) return;
  watchForeignCalls((id, text) => {
    thread ??= startThread();
    thread.postMessage({ id, text } satisfies WatchedHook);
  });
}

function startThread(): Worker {
  setInterval(() => Atomics.add(callsUnderWay, CALLS.beat, 1), BEAT).unref();
  const workerData: WatchdogData = {
    calls: callsUnderWay,
    unanswered: UNANSWERED,
    parent: process.connected ? process.ppid : undefined,
  };
  const thread = new Worker(new URL("./watchdog-thread.js", import.meta.url), { workerData, execArgv: [] });
  thread.unref();
  return thread;
}

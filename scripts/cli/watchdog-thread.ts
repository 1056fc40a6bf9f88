import { writeSync } from "node:fs";
import { Session } from "node:inspector";
import { performance } from "node:perf_hooks";
import { parentPort, workerData } from "node:worker_threads";
import { printable } from "../../sim/core/shown.js";
import { CALLS } from "../parts/foreign-calls.js";
import type { WatchdogData, WatchedHook } from "./watchdog.js";

const { calls, unanswered, parent } = workerData as WatchdogData;

const EVERY = 250;
/** After this time signals end the process by themselves, ms. */
const PATIENCE = 2000;
/** After this time the module is named, ms. */
const SILENCE = 30_000;
const STANDARD_ERROR = 2;

const texts = new Map<number, string>();
parentPort?.on("message", ({ id, text }: WatchedHook) => texts.set(id, text));

/** Where the main thread is: as long as this stays the same, a call has not returned. */
interface Place {
  readonly hook: number;
  readonly count: number;
  readonly beat: number;
}

function placeNow(): Place {
  const read = (entry: number) => Atomics.load(calls, entry);
  const hook = read(CALLS.hook);
  return { hook: hook || read(CALLS.awaited), count: read(CALLS.count), beat: read(CALLS.beat) };
}

let place = placeNow();
let since = performance.now();
let [released, told] = [false, false];

setInterval(() => {
  const now = placeNow();
  const moved = now.hook !== place.hook || now.count !== place.count || now.beat !== place.beat;
  if (moved || now.hook === 0) {
    place = now;
    since = performance.now();
    [released, told] = [false, false];
    return;
  }
  const silent = performance.now() - since;
  if (silent >= PATIENCE && !released) release();
  if (silent >= SILENCE && !told) tell(now.hook);
  // A process that was started by another must not outlive it; the main thread cannot see that now.
  if (released && parent !== undefined && process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, EVERY);

/** Interrupts the main thread, wherever it is, for as long as it takes to do without its handlers of signals. */
function release(): void {
  released = true;
  const session = new Session();
  session.connectToMainThread();
  session.post("Runtime.evaluate", { expression: `process.emit(${JSON.stringify(unanswered)})` }, () =>
    session.disconnect(),
  );
}

function tell(hook: number): void {
  told = true;
  const text = `${texts.get(hook) ?? "A module of your own"} has not returned for ${SILENCE / 1000} s; Ctrl-C ends the process.`;
  writeSync(STANDARD_ERROR, printable(`warning: ${text}\n`));
}

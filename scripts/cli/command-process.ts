import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline/promises";
import { PLAIN_WIDTH } from "../compare/text.js";
import { foreignModules } from "../parts/foreign-calls.js";
import { STOP_SIGNALS, signalCode } from "../runs/stop-signals.js";
import type { Io } from "./io.js";
import { liveArea } from "./live-area.js";
import type { HelpLists } from "./options/command.js";
import { createProgram } from "./program.js";
import { outputLost, reportError } from "./report-error.js";
import { UNANSWERED, watchModules } from "./watchdog.js";

/**
 * The first signal that asks to stop aborts the signal, the second ends the process as it would by itself: an orderly
 * exit would wait for threads. A reader that has seen enough, such as `head`, is a reason to stop, not for a stack trace.
 */
function installSignals(): AbortSignal {
  const stop = new AbortController();
  const listen = (name: NodeJS.Signals) => {
    if (stop.signal.aborted) {
      process.removeAllListeners(name);
      process.kill(process.pid, name);
      return;
    }
    stop.abort(name);
    process.stderr.write("Stopping; once more to end at once.\n");
  };
  for (const name of STOP_SIGNALS) process.on(name, listen);
  // A module of a user's own does not return: no handler would ever run. Should it return after all, all is as before.
  process.on(UNANSWERED, () => {
    for (const name of STOP_SIGNALS) process.off(name, listen);
    setImmediate(() => {
      for (const name of STOP_SIGNALS) process.on(name, listen);
    });
  });
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") stop.abort("SIGPIPE");
  });
  // A sweep that is gone leaves no run behind; waiting for that must not keep a finished run from ending.
  process.on("disconnect", () => stop.abort("SIGTERM"));
  if (process.connected === false) stop.abort("SIGTERM");
  process.channel?.unref();
  return stop.signal;
}

/** No answer, such as the end of the input, means no. */
async function confirm(question: string): Promise<boolean> {
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asked.question(`${question} [y/N] `)).trim());
  } finally {
    asked.close();
  }
}

function createIo(): Io {
  let signal: AbortSignal | undefined;
  return {
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    columns: () => process.stdout.columns || PLAIN_WIDTH,
    errorColumns: () => process.stderr.columns || PLAIN_WIDTH,
    debug: process.env.HYPERCRL_DEBUG === "1" || process.argv.includes("--debug"),
    live: process.stdout.isTTY ? liveArea(process.stdout) : undefined,
    ...(process.stdin.isTTY && process.stderr.isTTY && { confirm }),
    attended: process.stdout.isTTY && !process.env.CI,
    now: () => performance.now(),
    stopSignal: () => {
      signal ??= installSignals();
      return signal;
    },
  };
}

/** A command whose output was lost has failed, though what it did may be whole; that nobody reads it any more needs no words. */
function tellLostOutput(io: Io): void {
  let told = false;
  process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
    process.exitCode = cause.code === "EPIPE" ? signalCode("SIGPIPE") : 1;
    if (cause.code === "EPIPE" || told) return;
    told = true;
    reportError(outputLost(cause), io);
  });
}

/** What help lists; loaded only where help is asked for, because the methods bring the whole runtime along. */
async function helpLists(args: readonly string[]): Promise<HelpLists | undefined> {
  if (!["help", "--help", "-h"].some((word) => args.includes(word))) return undefined;
  const { builtinCatalog } = await import("../parts/catalog.js");
  return builtinCatalog;
}

/** Does what the arguments of this process say, and sets its exit code. */
export async function runCommand(): Promise<void> {
  const io = createIo();
  tellLostOutput(io);
  watchModules();
  try {
    const done = (exitCode: number) => {
      process.exitCode ||= exitCode;
    };
    const program = createProgram(io, done, await helpLists(process.argv.slice(2)));
    await program.parseAsync();
  } catch (error) {
    process.exitCode = reportError(error, io);
  }
  if (foreignModules().length > 0) endSoon();
}

/** What a module of a user's own left running must not keep the process. */
function endSoon(): void {
  setTimeout(() => process.exit(), GRACE).unref();
}

/** Time for output to be written, ms. */
const GRACE = 2000;

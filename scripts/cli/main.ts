#!/usr/bin/env node
import { performance } from "node:perf_hooks";
import { CommanderError } from "commander";
import { EXIT, HyperCrlError } from "../../sim/core/errors.js";
import { PLAIN_WIDTH } from "../compare/text.js";
import { type Io, sayError, signalCode } from "./io.js";
import { liveArea } from "./live-area.js";
import { createProgram, type HelpLists } from "./program.js";

/**
 * The first SIGINT or SIGTERM aborts the signal, the second ends the process as it would by itself: an orderly exit
 * would wait for threads. A reader that has seen enough, such as `head`, is a reason to stop, not for a stack trace.
 */
function installSignals(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) {
        process.removeAllListeners(name);
        process.kill(process.pid, name);
        return;
      }
      stop.abort(name);
      process.stderr.write("Stopping; once more to end at once.\n");
    });
  }
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") stop.abort("SIGPIPE");
  });
  // A sweep that is gone leaves no run behind; waiting for that must not keep a finished run from ending.
  process.on("disconnect", () => stop.abort("SIGTERM"));
  if (process.connected === false) stop.abort("SIGTERM");
  process.channel?.unref();
  return stop.signal;
}

function createIo(): Io {
  let signal: AbortSignal | undefined;
  return {
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    columns: () => process.stdout.columns || PLAIN_WIDTH,
    errorColumns: () => process.stderr.columns || PLAIN_WIDTH,
    live: process.stdout.isTTY ? liveArea(process.stdout) : undefined,
    now: () => performance.now(),
    stopSignal: () => {
      signal ??= installSignals();
      return signal;
    },
  };
}

/** Prints what went wrong and returns the exit code. */
function report(error: unknown, io: Io): number {
  // Commander has printed its message; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  const debug = process.env.HYPERCRL_DEBUG === "1" || process.argv.includes("--debug");
  if (error instanceof HyperCrlError) {
    sayError(io, `error: ${error.message}`);
    if (debug) io.err(String(error.stack));
    return error.exitCode;
  }
  io.err(error instanceof Error ? String(error.stack) : String(error));
  sayError(
    io,
    "error: This is a bug in hypercrl. Please report it with the lines above and the command you gave.",
  );
  return 1;
}

/** What help lists; loaded only where help is asked for, because the methods bring the whole runtime along. */
async function helpLists(args: readonly string[]): Promise<HelpLists | undefined> {
  if (!["help", "--help", "-h"].some((word) => args.includes(word))) return undefined;
  const { builtinCatalog } = await import("../runs/catalog.js");
  return builtinCatalog;
}

async function main(): Promise<void> {
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    process.exitCode = code === "EPIPE" ? signalCode("SIGPIPE") : 1;
  });
  const io = createIo();
  try {
    const done = (exitCode: number) => {
      process.exitCode ||= exitCode;
    };
    const program = createProgram(io, done, await helpLists(process.argv.slice(2)));
    await program.parseAsync();
  } catch (error) {
    process.exitCode = report(error, io);
  }
}

await main();

import { CommanderError } from "commander";
import { EXIT, HyperCrlError, RunError } from "../../sim/core/errors.js";
import { problemOf } from "../../sim/core/problem.js";
import { printable } from "../../sim/core/shown.js";
import { type Io, sayError } from "./io.js";

/** Prints what went wrong and returns the exit code. */
export function reportError(error: unknown, io: Pick<Io, "err" | "errorColumns" | "debug">): number {
  // Commander has printed its message; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof HyperCrlError) {
    sayError(io, `error: ${error.message}`);
    if (io.debug) io.err(printable(String(error.stack)));
    return error.exitCode;
  }
  io.err(printable(error instanceof Error ? String(error.stack) : String(error)));
  sayError(
    io,
    "error: This is a bug in hypercrl. Please report it with the lines above and the command you gave.",
  );
  return 1;
}

/** Standard output took no more, for example because the disk that it goes to is full. */
export function outputLost(cause: NodeJS.ErrnoException): RunError {
  return new RunError({
    what: "Standard output cannot be written",
    got: cause.code === "ENOSPC" ? "no space left on the disk" : problemOf(cause),
    todo: "Some of what the command printed is lost; make room, or send it somewhere else",
    cause,
  });
}

import { CommanderError } from "commander";
import { EXIT, HyperCrlError } from "../../sim/core/errors.js";
import { type Io, sayError } from "./io.js";

/**
 * Prints what went wrong and returns the exit code.
 * @param debug whether to print the stack trace of an error that is meant for a user
 */
export function reportError(error: unknown, io: Io, debug: boolean): number {
  // Commander has printed its message; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
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

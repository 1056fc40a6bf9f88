import { CommanderError } from "commander";
import { EXIT, HyperCrlError, InputError, RunError } from "../../sim/core/errors.js";
import { problemOf } from "../../sim/core/problem.js";
import { printable } from "../../sim/core/shown.js";
import { systemError } from "../../sim/core/system-errors.js";
import { foreignModules, moduleThatThrew } from "../parts/foreign-calls.js";
import { type Io, sayError } from "./io.js";

/** Prints what went wrong and returns the exit code. */
export function reportError(error: unknown, io: Pick<Io, "err" | "errorColumns" | "debug">): number {
  // Commander has printed its message; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof HyperCrlError) {
    sayError(io, `error: ${error.message}`);
    if (io.debug) io.err(printable(traceOf(error)));
    return error.exitCode;
  }
  const system = systemError(error);
  if (system !== undefined) return reportError(system, io);
  const module = moduleThatThrew(error);
  if (module !== undefined) return reportError(thrownBy(module, error), io);
  io.err(printable(traceOf(error)));
  sayError(
    io,
    `error: This is a bug in hypercrl${orModules()}. Please report it with the lines above and the command you gave.`,
  );
  return 1;
}

/** Where an error was thrown, and what it was thrown because of. */
function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause === undefined ? String(error.stack) : `${error.stack}\nbecause of: ${traceOf(cause)}`;
}

function thrownBy(module: string, cause: unknown): InputError {
  return new InputError({
    what: `${module} failed`,
    got: `the error "${problemOf(cause)}"`,
    todo: "Correct the module; --debug prints where it was thrown",
    cause,
  });
}

/** Modules of a user's own can return what nobody expects. */
function orModules(): string {
  const modules = foreignModules();
  return modules.length === 0 ? "" : `, or ${modules.join(", ")} gave it what it does not expect`;
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

import { CommanderError } from "commander";
import { EXIT, HyperCrlError } from "../../sim/core/errors.js";
import { createBenchProgram } from "./program.js";

const out = (text: string) => console.log(text);
const err = (text: string) => console.error(text);

/** Prints what went wrong and returns the exit code. */
function report(error: unknown): number {
  // Commander has printed its message; help is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (error instanceof HyperCrlError) {
    err(`error: ${error.message}`);
    return error.exitCode;
  }
  err(error instanceof Error ? String(error.stack) : String(error));
  return 1;
}

try {
  await createBenchProgram({ out, err }).parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { SILENT_IO } from "./io.js";
import { reportError } from "./report-error.js";

/** Runs a command for developers; what goes wrong is told, and ends with the exit code, as of `hypercrl` itself. */
export async function runDeveloperProgram(program: Command): Promise<void> {
  try {
    await program.exitOverride().parseAsync();
  } catch (error) {
    process.exitCode = reportError(error, { ...SILENT_IO, err: (text) => console.error(text) });
  }
}

/** A file that is to be written when the work is done: told now when that cannot be. */
export function newFile(path: string): string {
  if (existsSync(path)) throw new InvalidArgumentError("Expected a path where nothing is yet.");
  if (!existsSync(dirname(path)))
    throw new InvalidArgumentError("Expected a path in a folder that is there.");
  return path;
}

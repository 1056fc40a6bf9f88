import { type Command, Option } from "commander";
import type { Catalog } from "../../../agent/catalog.js";

/** Receives the exit code of the command that ran. */
export type Done = (exitCode: number) => void;

/** What the help lists of the catalog. */
export type HelpLists = Pick<Catalog, "methods" | "planners">;

/** The names of a list for the help, empty where help is not asked for. */
export const named = (list: readonly { readonly name: string }[] = []) =>
  list.map(({ name }) => name).join(", ");

/** A subcommand with the options that all have. */
export function command(program: Command, name: string, text: string): Command {
  return program
    .command(name)
    .description(text)
    .showHelpAfterError(`(see \`hypercrl ${name} --help\`)`)
    .option("--json", "print JSON, for programs")
    .addOption(new Option("--debug", "print stack traces of errors (also HYPERCRL_DEBUG=1)").hideHelp());
}

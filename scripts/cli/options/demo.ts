import { Argument, type Command, Option } from "commander";
import type { Io } from "../io.js";
import { command, type Done } from "./command.js";
import { countingNumber, portNumber, UNANNOUNCED, wholeNumber } from "./parsers.js";
import { CHANGED_SUITE_TEXT, METHOD_FILE_TEXT, SUITE_FILE_TEXT, THREADS_TEXT } from "./texts.js";

/** `hypercrl demo` with its options. */
export function addDemo(program: Command, io: Io, done: Done): void {
  command(program, "demo", "show what a finished run can do, in the browser; nothing is learned")
    .addArgument(
      new Argument(
        "<what>",
        "unannounced: the tasks change at random, and the run finds out from what its actions do which it faces",
      ).choices([UNANNOUNCED]),
    )
    .argument("[run]", "run folder (default: the newest finished run in runs/ with two tasks or more)")
    .option("--seed <n>", "seed of the order in which the tasks change (default: 1)", wholeNumber)
    .option("--episodes <n>", "episodes of each task (default: 1)", countingNumber)
    .option(
      "--out <dir>",
      "new folder for the recordings (default: the run folder's name with -unannounced, beside it)",
    )
    .addOption(new Option("--port <n>", "port of the page (default: any that is free)").argParser(portNumber))
    .option("--no-open", "print the page's address and open no browser")
    .option("--suite <file>", SUITE_FILE_TEXT)
    .option("--accept-changed-suite", CHANGED_SUITE_TEXT)
    .option("--method <file>", METHOD_FILE_TEXT)
    .option("--threads <n>", THREADS_TEXT, countingNumber)
    .action(async (_what: string, run: string | undefined, flags) => {
      const { demoUnannouncedCommand } = await import("../commands/demo-unannounced.js");
      done(await demoUnannouncedCommand(run, flags, io));
    });
}

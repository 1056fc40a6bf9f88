import type { Command } from "commander";
import type { Io } from "../io.js";
import { command, type Done } from "./command.js";
import { DIFFERENCES_TEXT, ORACLE_TEXT } from "./texts.js";

/** `hypercrl report` with its options. */
export function addReport(program: Command, io: Io, done: Done): void {
  command(program, "report", "plots and figures of runs in one HTML file, with CSV and JSON beside it")
    .argument("<run...>", "run folders, or sweep folders for all their runs")
    .option(
      "--out <file>",
      "page to write; an earlier report there is replaced (default: report.html in the folder given, of several in this one)",
    )
    .option("--differences-from <method>", DIFFERENCES_TEXT)
    .option("--oracle <file>", ORACLE_TEXT)
    .action(async (paths: string[], flags) => {
      const { reportCommand } = await import("../commands/report.js");
      done(await reportCommand(paths, flags, io));
    });
}

import type { Command } from "commander";
import type { Io } from "../io.js";
import { command, type Done } from "./command.js";
import { gibibytes, wholeNumber } from "./parsers.js";
import {
  AFTER_TASK_TEXT,
  CHANGED_SUITE_TEXT,
  MEMORY_TEXT,
  METHOD_FILE_TEXT,
  SUITE_FILE_TEXT,
} from "./texts.js";

/** `hypercrl export` with its options. */
export function addExport(program: Command, io: Io, done: Done): void {
  command(program, "export", "write the dynamics that a run has learned as one ONNX model")
    .argument("<run>", "run folder")
    .requiredOption("--onnx <file>", "new file for the model: (x, u, task) → xNext")
    .option("--after-task <n>", AFTER_TASK_TEXT, wholeNumber)
    .option("--suite <file>", SUITE_FILE_TEXT)
    .option("--accept-changed-suite", CHANGED_SUITE_TEXT)
    .option("--method <file>", METHOD_FILE_TEXT)
    .option("--planner <file>", "module of the planner, when it does not come with the package")
    .option("--memory <GiB>", MEMORY_TEXT, gibibytes)
    .action(async (run: string, options) => {
      const { exportCommand } = await import("../commands/export.js");
      done(await exportCommand(run, options, io));
    });
}

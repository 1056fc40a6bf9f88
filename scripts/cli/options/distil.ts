import type { Command } from "commander";
import type { DistilOptions } from "../../runs/distil-run.js";
import type { Io } from "../io.js";
import { command, type Done } from "./command.js";
import { countingNumber, gibibytes, repeatable, wholeNumber } from "./parsers.js";
import {
  AFTER_TASK_TEXT,
  CHANGED_SUITE_TEXT,
  MEMORY_TEXT,
  METHOD_FILE_TEXT,
  PLANNER_TEXT,
  SUITE_FILE_TEXT,
  THREADS_TEXT,
} from "./texts.js";

interface DistilArguments extends Omit<DistilOptions, "onRound"> {
  readonly set: readonly string[];
  readonly json?: boolean;
}

/** `hypercrl distil` with its options. */
export function addDistil(program: Command, io: Io, done: Done): void {
  command(program, "distil", "make small networks that do at once what a run's planner does by planning")
    .argument("<run>", "run folder")
    .requiredOption("--out <file>", "new file for the policies, one of each task (safetensors)")
    .option("--episodes <n>", "episodes of a round (default: 4)", countingNumber)
    .option(
      "--rounds <n>",
      "rounds: the planner acts in the first, the policy in the others (default: 10)",
      countingNumber,
    )
    .option(
      "--minibatches <n>",
      "minibatches of 128 states that a policy is fitted by (default: 12000)",
      countingNumber,
    )
    .option("--seed <n>", "seed of starts, planner noise and fits (default: the run's)", wholeNumber)
    .option("--after-task <n>", AFTER_TASK_TEXT, wholeNumber)
    .option("--suite <file>", SUITE_FILE_TEXT)
    .option("--accept-changed-suite", CHANGED_SUITE_TEXT)
    .option("--method <file>", METHOD_FILE_TEXT)
    .option("--planner <name|file>", PLANNER_TEXT)
    .option("--threads <n>", THREADS_TEXT, countingNumber)
    .option("--memory <GiB>", MEMORY_TEXT, gibibytes)
    .addOption(repeatable("--set <planner.name=value>", "imitate a planner with another setting"))
    .action(async (run: string, { json, set: assignments, ...options }: DistilArguments) => {
      const { distilCommand } = await import("../commands/distil.js");
      done(await distilCommand(run, { ...options, assignments }, json === true, io));
    });
}

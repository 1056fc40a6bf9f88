import type { Command } from "commander";
import type { Io } from "../io.js";
import { command, type Done } from "./command.js";
import { repeatable } from "./parsers.js";

/** `hypercrl tasks` and `hypercrl settings` with their options. */
export function addLists(program: Command, io: Io, done: Done): void {
  command(program, "tasks", "list the task suites and their tasks")
    .option("--suite <name|file>", "this suite alone; a module of your own is checked against every rule")
    .action(async (flags) => {
      const { tasksCommand } = await import("../commands/lists.js");
      done(await tasksCommand(flags, io));
    });
  command(program, "settings", "list every setting with its defaults")
    .option("--suite <name|file>", "with the defaults of this suite", "push")
    .option("--method <name|file>", "with the defaults of this method", "hypercrl")
    .option("--planner <name|file>", "with the settings of this planner")
    .addOption(repeatable("--set <name=value>", "with another value than the default"))
    .action(async (flags) => {
      const { settingsCommand } = await import("../commands/lists.js");
      done(await settingsCommand(flags, io));
    });
}

import type { Command } from "commander";
import type { Io } from "../io.js";
import type { Done } from "./command.js";
import { countingNumber } from "./parsers.js";

/** What the jobs of a sweep in Slurm call. */
export function addSlurmJobs(program: Command, io: Io, done: Done): void {
  const job = (name: string) =>
    program
      .command(name, { hidden: true })
      .argument("<folder>", "folder of the sweep")
      .requiredOption("--submission <n>", "number of the submission", countingNumber);
  job("slurm-task").action(async (out: string, flags) => {
    const { slurmTaskCommand } = await import("../commands/slurm-job.js");
    done(await slurmTaskCommand(out, flags, io));
  });
  job("slurm-close")
    .requiredOption("--array <job>", "number of the array of jobs")
    .action(async (out: string, flags) => {
      const { slurmCloseCommand } = await import("../commands/slurm-job.js");
      done(await slurmCloseCommand(out, flags, io));
    });
}

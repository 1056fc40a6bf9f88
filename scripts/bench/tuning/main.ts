import { Command } from "commander";
import { runDeveloperProgram } from "../../cli/developer-program.js";
import { jobCount } from "../../cli/options/parsers.js";
import { tune, writePage } from "./tune.js";

interface Flags {
  readonly jobs: number;
  readonly out?: string;
  readonly page?: boolean;
}

const ROOT = ".";

const program = new Command("npm run tuning --")
  .description(
    "Tries the settings of docs/tuning/SUITE.json, as many of every method, and chooses by the rule of docs/experiments/tuning.md. Goes on where it was stopped; writes docs/tuning/SUITE.md and docs/results/tuning/SUITE.",
  )
  .argument("<suite>", "a suite that docs/tuning has a grid of")
  .option("--jobs <n>", "runs at a time, each on one core", jobCount, 1)
  .option("--out <dir>", "folder of the runs; default runs/tuning-SUITE")
  .option("--page", "make no runs, only write the page again from the committed results")
  .action(async (suite: string, { jobs, out = `runs/tuning-${suite}`, page }: Flags) => {
    if (page) return writePage(suite, ROOT);
    console.log(await tune(suite, { out, jobs, root: ROOT }, console.error));
  });

await runDeveloperProgram(program);

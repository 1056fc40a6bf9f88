import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { PROFILES } from "../../../sim/core/profiles.js";
import type { Io } from "../io.js";
import { command, type Done, type HelpLists, named } from "./command.js";
import {
  countingNumber,
  gibibytes,
  jobCount,
  methodList,
  processorCount,
  repeatable,
  seedList,
  slurmMemory,
  tryCount,
} from "./parsers.js";
import { SCHEDULE_TEXT } from "./schedule.js";
import {
  chooseAsked,
  chooseSlurm,
  chooseSweep,
  type SweepArguments,
  sweepFolder,
} from "./sweep-arguments.js";
import { DIFFERENCES_TEXT, MEMORY_TEXT, ORACLE_TEXT } from "./texts.js";

/** `hypercrl sweep` with its options. */
export function addSweep(program: Command, io: Io, done: Done, listed: HelpLists | undefined): void {
  const sweep = command(program, "sweep", "train several methods with several seeds and compare them");
  addComparison(sweep, listed);
  addRunning(sweep);
  addTable(sweep);
  addModules(sweep);
  addEngine(sweep);
  addAsking(sweep);
  sweep.option("--quiet", "print the table only").action(async (given: SweepArguments) => {
    const { sweepCommand } = await import("../commands/sweep.js");
    const { jobs = availableParallelism(), resume, report, wait } = given;
    const flags = {
      ...given,
      ...{ jobs, resume: resume !== undefined, report: report !== undefined, wait: wait !== undefined },
      ...{ out: sweepFolder(given), slurm: chooseSlurm(given), ask: chooseAsked(given) },
    };
    done(await sweepCommand(chooseSweep(given), flags, io));
  });
}

/** The options that say what is compared, and that a file can replace, as commander names them. */
const CHOSEN = ["suite", "methods", "planner", "seeds", "profile", "set", "tasks", "schedule"];

/** What is compared. */
function addComparison(sweep: Command, listed: HelpLists | undefined): void {
  sweep
    .option("--suite <name|file>", "task suite, or a module of your own (default: push)")
    .option(
      "--methods <list>",
      `some of ${named(listed?.methods)}, or modules of your own, separated by commas (default: all)`,
      methodList,
    )
    .option("--planner <name|file>", "planner of all runs (default: as profile and suite say)")
    .option("--seeds <list>", "seeds such as 1,2,3 or 1-5 (default: 1-3)", seedList)
    .option("--profile <name>", `${PROFILES.join(" or ")} (default: quick)`)
    .addOption(repeatable("--set <name=value>", "change a setting of all runs"))
    .option("--tasks <n>", "learn only the first n tasks", countingNumber)
    .option("--schedule <kind|file>", SCHEDULE_TEXT)
    .addOption(new Option("--file <json>", "what to compare, from a file").conflicts(CHOSEN));
}

/** How many runs are made at a time, and where; or that only those so far are shown. */
function addRunning(sweep: Command): void {
  sweep
    .option("--jobs <n>", "runs at a time, one core each, at most 1000 (default: all cores)", jobCount)
    .option("--memory <GiB>", MEMORY_TEXT, gibibytes)
    .option("--out <dir>", "folder of the sweep (default: runs/sweep-<suite>-<profile>)")
    .option("--resume [dir]", "go on with the sweep in its folder; methods and seeds given are added to it")
    .addOption(
      new Option("--report [dir]", "only show the runs finished so far").conflicts([
        ...["resume", "file", ...CHOSEN],
      ]),
    );
}

/** What the table compares with. */
function addTable(sweep: Command): void {
  sweep.option("--differences-from <method>", DIFFERENCES_TEXT).option("--oracle <file>", ORACLE_TEXT);
}

/** What may be run of a sweep that was begun elsewhere or before its suite was changed. */
function addModules(sweep: Command): void {
  sweep
    .option(
      "--trust-suite",
      "with --resume: run the modules (suite, methods, planner) of a sweep that was begun elsewhere",
    )
    .option(
      "--accept-changed-suite",
      "with --resume: go on although files of the suite have changed since a run was begun",
    );
}

/** Who makes the runs, and how jobs are submitted to Slurm. */
function addEngine(sweep: Command): void {
  sweep
    .addOption(
      new Option(
        "--engine <name>",
        "local: processes of this machine; slurm: jobs of a cluster (default: local)",
      ).choices(["local", "slurm"]),
    )
    .option("--partition <name>", "with slurm: partition of the jobs (default: the cluster's)")
    .option(
      "--time <limit>",
      "with slurm: how long a job may take, as sbatch reads it, such as 4:00:00; a run that is not finished by then is saved and goes on in another job (default: the partition's)",
    )
    .option(
      "--mem <size>",
      "with slurm: memory of a job, such as 4G (default: what its run needs)",
      slurmMemory,
    )
    .option(
      "--cpus <n>",
      "with slurm: processors of a job, and threads of its run (default: 1)",
      processorCount,
    )
    .option("--array-limit <n>", "with slurm: most jobs at a time (default: the cluster's)", countingNumber)
    .option("--tries <n>", "with slurm: how often a run that fails is tried (default: 3)", tryCount)
    .addOption(repeatable("--sbatch <words>", "with slurm: further options of sbatch"));
}

/** What can be asked of a sweep in Slurm in place of submitting. */
function addAsking(sweep: Command): void {
  const instead = ["resume", "report", "file", ...CHOSEN];
  sweep
    .addOption(
      new Option("--status [dir]", "show what the runs of a sweep in Slurm are at").conflicts([
        ...["wait", "cancel", ...instead],
      ]),
    )
    .option("--wait [dir]", "stay until the jobs of a sweep in Slurm have ended, then print its table")
    .addOption(
      new Option("--cancel [dir]", "end the jobs of a sweep in Slurm; its runs save").conflicts([
        ...["wait", ...instead],
      ]),
    );
}

import { availableParallelism } from "node:os";
import { Command, Option } from "commander";
import type { Catalog } from "../../agent/catalog.js";
import { EVALUATION_STARTS } from "../../agent/evaluation/evaluation-starts.js";
import { UsageError } from "../../sim/core/errors.js";
import { PROFILES } from "../../sim/core/profiles.js";
import type { EvaluateOptions } from "../runs/evaluate-run.js";
import { isModulePath } from "../runs/module-path.js";
import { packageVersion } from "../runs/package-version.js";
import type { TrainOptions } from "../runs/train.js";
import { helpLayout } from "./help-layout.js";
import { type Io, printing, say, sayError } from "./io.js";
import {
  collect,
  countingNumber,
  gibibytes,
  jobCount,
  methodList,
  portNumber,
  seedList,
  slurmMemory,
  taskChoice,
  UNANNOUNCED,
  wholeNumber,
} from "./option-parsers.js";
import {
  chooseAsked,
  chooseSlurm,
  chooseSweep,
  type SweepArguments,
  sweepFolder,
} from "./sweep-arguments.js";

/**
 * The whole command line; the code of a command is loaded when it is called, so that help and wrong calls are answered
 * at once. `done` receives the exit code of the command that ran.
 * @param listed methods and planners that the help names; needed where help is asked for
 */
export function createProgram(outside: Io, done: (exitCode: number) => void, listed?: HelpLists): Command {
  const io = printing(outside);
  const program = new Command("hypercrl")
    .description("Continual model-based reinforcement learning with hypernetworks, in a robotics simulator")
    .version(packageVersion())
    .configureOutput({
      writeOut: (text) => say(io, text.replace(/\n$/, "")),
      writeErr: (text) => sayError(io, text.replace(/\n$/, "")),
      getOutHelpWidth: io.columns,
      getErrHelpWidth: io.errorColumns,
    })
    .configureHelp(helpLayout)
    .exitOverride()
    .showHelpAfterError("(see `hypercrl --help`)");
  addTrain(program, io, done, listed);
  addEvaluate(program, io, done);
  addReplay(program, io, done);
  addExport(program, io, done);
  addView(program, io, done);
  addSweep(program, io, done, listed);
  addReport(program, io, done);
  addSlurmJobs(program, io, done);
  command(program, "tasks", "list the task suites and their tasks")
    .option("--suite <name|file>", "this suite alone; a module of your own is checked against every rule")
    .action(async (flags) => {
      const { tasksCommand } = await import("./commands/lists.js");
      done(await tasksCommand(flags, io));
    });
  command(program, "settings", "list every setting with its defaults")
    .option("--suite <name|file>", "with the defaults of this suite", "push")
    .option("--method <name|file>", "with the defaults of this method", "hypercrl")
    .option("--planner <name|file>", "with the settings of this planner")
    .option("--set <name=value>", "with another value than the default; repeatable", collect, [])
    .action(async (flags) => {
      const { settingsCommand } = await import("./commands/lists.js");
      done(await settingsCommand(flags, io));
    });
  return program;
}

/** What the help lists of the catalog. */
export type HelpLists = Pick<Catalog, "methods" | "planners">;

const named = (list: readonly { readonly name: string }[] = []) => list.map(({ name }) => name).join(", ");

/** The methods and planners with what they do, one a line. */
function summaries({ methods, planners }: HelpLists): string {
  const width = Math.max(...[...methods, ...planners].map(({ name }) => name.length));
  const lines = (list: HelpLists["methods"] | HelpLists["planners"]) =>
    list.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return ["", "Methods:", ...lines(methods), "", "Planners:", ...lines(planners)].join("\n");
}

/** A subcommand with the options that all have. */
function command(program: Command, name: string, text: string): Command {
  return program
    .command(name)
    .description(text)
    .showHelpAfterError(`(see \`hypercrl ${name} --help\`)`)
    .option("--json", "print JSON, for programs")
    .addOption(new Option("--debug", "print stack traces of errors (also HYPERCRL_DEBUG=1)").hideHelp());
}

/** What a run is made of, as typed. */
interface PartArguments {
  readonly suite?: string;
  readonly method?: string;
  readonly planner?: string;
}

interface TrainArguments
  extends Pick<
      TrainOptions,
      "profile" | "seed" | "out" | "resume" | "async" | "threads" | "memory" | "record"
    >,
    PartArguments {
  readonly acceptChangedSuite?: boolean;
  readonly set: readonly string[];
  readonly tasks?: number;
  readonly view?: boolean;
  readonly viewPort?: number;
  readonly report?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const DIFFERENCES_TEXT =
  "method, or label, that the others are compared with, seed by seed (default: the first)";
const SUITE_FILE_TEXT = "module of the task suite, when it does not come with the package";
const ORACLE_TEXT =
  "what planning through the true simulator reaches, from `evaluate --oracle --out` (default: oracle.json in the folder, or the package's own)";
const CHANGED_SUITE_TEXT = "go on although files of the suite have changed since the run was begun";
const METHOD_FILE_TEXT = "module of the method, when it does not come with the package";
const PLANNER_TEXT =
  "plan with this planner (default: the run's own); a file when it does not come with the package";
const MEMORY_TEXT =
  "refuse what needs more memory than this, by its settings (default: 80 % of the machine's)";
const THREADS_TEXT =
  "threads that plan, train and evaluate together; same results (default: all cores, at most 4)";

function addTrain(
  program: Command,
  io: Io,
  done: (exitCode: number) => void,
  listed: HelpLists | undefined,
): void {
  const train = command(program, "train", "learn the tasks of a suite one after another")
    .option(
      "--suite <name|file>",
      "task suite (see `hypercrl tasks`), or a module of your own (default: push)",
    )
    .option("--method <name|file>", `${named(listed?.methods)}, or a module of your own (default: hypercrl)`)
    .option(
      "--planner <name|file>",
      `${named(listed?.planners)}, or a module of your own (default: as profile and suite say)`,
    )
    .option("--profile <name>", PROFILES.join(" or "), "quick")
    .option("--seed <n>", "seed of every random stream", wholeNumber, 1)
    .option("--set <name=value>", "change a setting (see `hypercrl settings`); repeatable", collect, [])
    .option("--tasks <n>", "learn only the first n tasks", wholeNumber)
    .option(
      "--out <dir>",
      "new run folder (default: one in runs/, named after suite, method, profile and seed)",
    )
    .addOption(
      new Option("--resume <run>", "continue the run in this folder").conflicts([
        ...["profile", "seed", "set", "tasks", "out", "async", "record"],
      ]),
    )
    .option("--accept-changed-suite", `with --resume: ${CHANGED_SUITE_TEXT}`)
    .option("--async", "train in the background while the arm acts (sets loop.trainLag)")
    .option("--threads <n>", THREADS_TEXT, countingNumber)
    .option("--memory <GiB>", MEMORY_TEXT, gibibytes)
    .addOption(
      new Option("--record <what>", "plans: keep every step's plan in the recordings; same results").choices([
        "plans",
      ]),
    )
    .option("--view", "show the run in the browser while it goes on, and after it until Ctrl-C")
    .addOption(
      new Option("--view-port <n>", "the same on this port (default: any that is free)")
        .argParser(portNumber)
        .implies({ view: true }),
    )
    .option("--report", "at the end, draw the run's curves and figures: report.html in its folder")
    .option("--quiet", "print the final summary only")
    .action(
      async ({
        set,
        tasks,
        resume,
        threads,
        memory,
        record,
        acceptChangedSuite,
        ...given
      }: TrainArguments) => {
        const { quiet = false, json = false, view = false, report = false, viewPort, ...options } = given;
        const assignments = tasks === undefined ? set : [...set, `tasks=${tasks}`];
        const chosen =
          resume === undefined ? { ...options, assignments } : { resume, ...ownModules(options) };
        const { trainCommand } = await import("./commands/train.js");
        done(
          await trainCommand(
            {
              ...chosen,
              ...(threads !== undefined && { threads }),
              ...(memory !== undefined && { memory }),
              ...(record && { record }),
              ...(acceptChangedSuite && { acceptChangedSuite }),
            },
            { quiet, json, view, report, ...(viewPort !== undefined && { viewPort }) },
            io,
          ),
        );
      },
    );
  if (listed !== undefined) train.addHelpText("after", summaries(listed));
}

/** A run knows by name what it was made of; only modules must be given again. @throws UsageError for a name */
function ownModules({ suite, method, planner }: PartArguments): PartArguments {
  const given = { ...(suite && { suite }), ...(method && { method }), ...(planner && { planner }) };
  for (const [option, value] of Object.entries(given)) {
    if (isModulePath(value)) continue;
    throw new UsageError({
      what: `--resume continues with the ${option} of the run`,
      got: `--${option} ${value}`,
      expected: `no --${option}, or the module that the run's ${option} came from`,
      todo: `Leave out --${option}, or begin a new run with it`,
    });
  }
  return given;
}

/** What `evaluate` is given for a run. */
interface EvaluateArguments extends Omit<EvaluateOptions, "suite"> {
  readonly suite?: string;
  readonly oracle?: boolean;
  readonly tasks?: number | typeof UNANNOUNCED;
  readonly switchEvery?: number;
  readonly set: readonly string[];
  readonly json?: boolean;
  readonly out?: string;
}

function addEvaluate(program: Command, io: Io, done: (exitCode: number) => void): void {
  command(program, "evaluate", "measure a saved state of a run on every task it has learned")
    .argument("[run]", "run folder; with --oracle it may be left out")
    .option("--after-task <n>", "use the state after n tasks (default: the last saved)", wholeNumber)
    .addOption(
      new Option(
        "--oracle",
        "in place of the run, let a planner play that sees the true simulator: what planning can reach on the tasks of the run, or of --suite",
      ).conflicts(["afterTask", "method", "memory"]),
    )
    .option("--episodes <n>", "episodes per task (default: as in the run)", countingNumber)
    .option(
      "--seed <n>",
      "seed of planner noise, and of starts where they differ (default: repeats the run's evaluation); with --oracle of planner noise, and of varied starts",
      wholeNumber,
    )
    .addOption(
      new Option(
        "--starts <which>",
        "from where episodes start: the task's published starts, or states that the suite varies for learning, the same for all runs and the oracle",
      )
        .choices(EVALUATION_STARTS)
        .default("published"),
    )
    .option("--suite <file>", `${SUITE_FILE_TEXT}; with --oracle also a name`)
    .option(
      "--tasks <which>",
      "unannounced: do not tell the run which task it faces, it finds out from what its actions do; with --oracle a number: only the first n tasks",
      taskChoice,
    )
    .addOption(
      new Option(
        "--switch-every <n>",
        "with --tasks unannounced: change the task after n episodes and carry over what is believed (default: every episode begins anew)",
      )
        .argParser(countingNumber)
        .conflicts("oracle"),
    )
    .option("--accept-changed-suite", CHANGED_SUITE_TEXT)
    .option("--method <file>", METHOD_FILE_TEXT)
    .option("--planner <name|file>", PLANNER_TEXT)
    .option("--threads <n>", THREADS_TEXT, countingNumber)
    .option("--memory <GiB>", MEMORY_TEXT, gibibytes)
    .option("--set <planner.name=value>", "plan with another setting; repeatable", collect, [])
    .option("--recordings <dir>", "also record the episodes, with every step's plan, into this new folder")
    .option(
      "--out <file>",
      "also write the figures of every episode to this new JSON file; `sweep` and `report` take one of the oracle from published starts",
    )
    .action(async (run: string | undefined, given: EvaluateArguments) => {
      const { json, out, set: assignments, oracle = false, tasks, switchEvery, ...options } = given;
      const flags = { ...(json && { json }), ...(out !== undefined && { out }) };
      if (tasks === UNANNOUNCED) {
        const { evaluateUnannouncedCommand } = await import("./commands/evaluate-unannounced.js");
        const how = { ...options, assignments, ...(switchEvery !== undefined && { switchEvery }) };
        done(await evaluateUnannouncedCommand(runUnannounced(run, oracle), how, flags, io));
        return;
      }
      if (switchEvery !== undefined) throw switchWithoutNeed(switchEvery);
      if (oracle) {
        const what = { ...(run !== undefined && { run }), ...(tasks !== undefined && { tasks }) };
        const { evaluateOracleCommand } = await import("./commands/evaluate-oracle.js");
        done(await evaluateOracleCommand({ ...options, ...what, assignments }, flags, io));
        return;
      }
      const { evaluateCommand } = await import("./commands/evaluate.js");
      done(await evaluateCommand(runToEvaluate(run, tasks), { ...options, assignments }, flags, io));
    });
}

/** The run whose tasks shall not be announced. @throws UsageError where there is none, or the oracle shall play */
function runUnannounced(run: string | undefined, oracle: boolean): string {
  if (run !== undefined && !oracle) return run;
  throw new UsageError({
    what: oracle
      ? "The oracle plans through the simulator of its task, so it knows which it is"
      : "There is no run to evaluate",
    got: `--tasks ${UNANNOUNCED}${oracle ? " and --oracle" : ""}`,
    expected: oracle ? "one of the two, or a number of tasks" : "a run folder",
    todo: "`hypercrl evaluate --help` explains both",
  });
}

function switchWithoutNeed(episodes: number): UsageError {
  return new UsageError({
    what: "The task changes between episodes only where it is not announced",
    got: `--switch-every ${episodes}`,
    expected: `--tasks ${UNANNOUNCED} beside it`,
    todo: `Add --tasks ${UNANNOUNCED}, or leave it out`,
  });
}

/** @throws UsageError where only the oracle could be meant */
function runToEvaluate(run: string | undefined, tasks: number | undefined): string {
  if (run !== undefined && tasks === undefined) return run;
  throw new UsageError({
    what:
      run === undefined ? "There is no run to evaluate" : "A run is evaluated on every task it has learned",
    ...(tasks !== undefined && { got: `--tasks ${tasks}` }),
    expected:
      run === undefined
        ? "a run folder, or --oracle with --suite"
        : `--tasks with a number with --oracle alone, or --tasks ${UNANNOUNCED}`,
    todo: "`hypercrl evaluate --help` explains both",
  });
}

function addReplay(program: Command, io: Io, done: (exitCode: number) => void): void {
  command(program, "replay", "show recorded episodes, or simulate them again and compare")
    .argument("<episode...>", "episode files (.mcap), or run folders for all their episodes")
    .option("--verify", "simulate again and compare every observation, reward and state hash bit by bit")
    .option("--suite <file>", SUITE_FILE_TEXT)
    .option("--accept-changed-suite", CHANGED_SUITE_TEXT)
    .action(async (paths: string[], flags) => {
      const { replayCommand } = await import("./commands/replay.js");
      done(await replayCommand(paths, flags, io));
    });
}

function addExport(program: Command, io: Io, done: (exitCode: number) => void): void {
  command(program, "export", "write the dynamics that a run has learned as one ONNX model")
    .argument("<run>", "run folder")
    .requiredOption("--onnx <file>", "new file for the model: (x, u, task) → xNext")
    .option("--after-task <n>", "use the state after n tasks (default: the last saved)", wholeNumber)
    .option("--suite <file>", SUITE_FILE_TEXT)
    .option("--accept-changed-suite", CHANGED_SUITE_TEXT)
    .option("--method <file>", METHOD_FILE_TEXT)
    .option("--planner <file>", "module of the planner, when it does not come with the package")
    .option("--memory <GiB>", MEMORY_TEXT, gibibytes)
    .action(async (run: string, options) => {
      const { exportCommand } = await import("./commands/export.js");
      done(await exportCommand(run, options, io));
    });
}

function addView(program: Command, io: Io, done: (exitCode: number) => void): void {
  command(program, "view", "show recorded episodes in the browser, two side by side if you like")
    .argument("<run-or-episode...>", "one run folder or episode (.mcap), or two to compare")
    .option("--port <n>", "port on this machine (default: any that is free)", portNumber)
    .option("--open", "open the page in the default browser")
    .addOption(
      new Option("--export <file>", "write one HTML file that needs no server").conflicts(["port", "open"]),
    )
    .action(async (paths: string[], flags) => {
      const { viewCommand } = await import("./commands/view.js");
      done(await viewCommand(paths, flags, io));
    });
}

function addSweep(
  program: Command,
  io: Io,
  done: (exitCode: number) => void,
  listed: HelpLists | undefined,
): void {
  const chosen = ["suite", "methods", "planner", "seeds", "profile", "set", "tasks"];
  const instead = ["resume", "report", "file", ...chosen];
  command(program, "sweep", "train several methods with several seeds and compare them")
    .option("--suite <name|file>", "task suite, or a module of your own (default: push)")
    .option(
      "--methods <list>",
      `some of ${named(listed?.methods)}, or modules of your own, separated by commas (default: all)`,
      methodList,
    )
    .option("--planner <name|file>", "planner of all runs (default: as profile and suite say)")
    .option("--seeds <list>", "seeds such as 1,2,3 or 1-5 (default: 1-3)", seedList)
    .option("--profile <name>", `${PROFILES.join(" or ")} (default: quick)`)
    .option("--set <name=value>", "change a setting of all runs; repeatable", collect, [])
    .option("--tasks <n>", "learn only the first n tasks", countingNumber)
    .addOption(new Option("--file <json>", "what to compare, from a file").conflicts(chosen))
    .option("--jobs <n>", "runs at a time, one core each, at most 1000 (default: all cores)", jobCount)
    .option("--memory <GiB>", MEMORY_TEXT, gibibytes)
    .option("--out <dir>", "folder of the sweep (default: runs/sweep-<suite>-<profile>)")
    .option("--resume [dir]", "go on with the sweep in its folder; methods and seeds given are added to it")
    .addOption(
      new Option("--report [dir]", "only show the runs finished so far").conflicts([
        "resume",
        "file",
        ...chosen,
      ]),
    )
    .option("--differences-from <method>", DIFFERENCES_TEXT)
    .option("--oracle <file>", ORACLE_TEXT)
    .option(
      "--trust-suite",
      "with --resume: run the modules (suite, methods, planner) of a sweep that was begun elsewhere",
    )
    .option(
      "--accept-changed-suite",
      "with --resume: go on although files of the suite have changed since a run was begun",
    )
    .addOption(
      new Option(
        "--engine <name>",
        "local: processes of this machine; slurm: jobs of a cluster (default: local)",
      ).choices([...["local", "slurm"]]),
    )
    .option("--partition <name>", "with slurm: partition of the jobs (default: the cluster's)")
    .option(
      "--time <limit>",
      "with slurm: limit of a job, after which it goes on in another (default: the partition's)",
    )
    .option(
      "--mem <size>",
      "with slurm: memory of a job, such as 4G (default: what its run needs)",
      slurmMemory,
    )
    .option("--cpus <n>", "with slurm: processors of a job, and threads of its run (default: 1)", jobCount)
    .option("--array-limit <n>", "with slurm: most jobs at a time (default: the cluster's)", countingNumber)
    .option("--tries <n>", "with slurm: how often a run that fails is tried (default: 3)", jobCount)
    .option("--sbatch <words>", "with slurm: further options of sbatch; repeatable", collect, [])
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
    )
    .option("--quiet", "print the table only")
    .action(async (given: SweepArguments) => {
      const { sweepCommand } = await import("./commands/sweep.js");
      const { jobs = availableParallelism(), resume, report, wait } = given;
      const flags = {
        ...given,
        ...{ jobs, resume: resume !== undefined, report: report !== undefined, wait: wait !== undefined },
        ...{ out: sweepFolder(given), slurm: chooseSlurm(given), ask: chooseAsked(given) },
      };
      done(await sweepCommand(chooseSweep(given), flags, io));
    });
}

function addReport(program: Command, io: Io, done: (exitCode: number) => void): void {
  command(program, "report", "plots and figures of runs in one HTML file, with CSV and JSON beside it")
    .argument("<run...>", "run folders, or sweep folders for all their runs")
    .option(
      "--out <file>",
      "page to write; an earlier report there is replaced (default: report.html in the folder given, of several in this one)",
    )
    .option("--differences-from <method>", DIFFERENCES_TEXT)
    .option("--oracle <file>", ORACLE_TEXT)
    .action(async (paths: string[], flags) => {
      const { reportCommand } = await import("./commands/report.js");
      done(await reportCommand(paths, flags, io));
    });
}

/** What the jobs of a sweep in Slurm call. */
function addSlurmJobs(program: Command, io: Io, done: (exitCode: number) => void): void {
  const job = (name: string) =>
    program
      .command(name, { hidden: true })
      .argument("<folder>", "folder of the sweep")
      .requiredOption("--submission <n>", "number of the submission", countingNumber);
  job("slurm-task").action(async (out: string, flags) => {
    const { slurmTaskCommand } = await import("./commands/slurm-job.js");
    done(await slurmTaskCommand(out, flags, io));
  });
  job("slurm-close")
    .requiredOption("--array <job>", "number of the array of jobs")
    .action(async (out: string, flags) => {
      const { slurmCloseCommand } = await import("./commands/slurm-job.js");
      done(await slurmCloseCommand(out, flags, io));
    });
}

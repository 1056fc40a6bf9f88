import { type Command, Option } from "commander";
import { UsageError } from "../../../sim/core/errors.js";
import { PROFILES } from "../../../sim/core/profiles.js";
import { isModulePath } from "../../parts/module-path.js";
import type { TrainOptions } from "../../runs/train.js";
import type { Io } from "../io.js";
import { command, type Done, type HelpLists, named } from "./command.js";
import { countingNumber, gibibytes, portNumber, repeatable, wholeNumber } from "./parsers.js";
import { SCHEDULE_TEXT, taskAssignments } from "./schedule.js";
import { CHANGED_SUITE_TEXT, MEMORY_TEXT, THREADS_TEXT } from "./texts.js";

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
  readonly schedule?: string;
  readonly view?: boolean;
  readonly viewPort?: number;
  readonly report?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** `hypercrl train` with its options. */
export function addTrain(program: Command, io: Io, done: Done, listed: HelpLists | undefined): void {
  const train = command(program, "train", "learn the tasks of a suite one after another");
  addLearned(train, listed);
  addRunning(train);
  addWatching(train);
  train.action(
    async ({ quiet = false, json = false, view = false, report = false, ...given }: TrainArguments) => {
      const { viewPort, ...options } = given;
      const { trainCommand } = await import("../commands/train.js");
      const flags = { quiet, json, view, report, ...(viewPort !== undefined && { viewPort }) };
      done(await trainCommand(chooseTrain(options), flags, io));
    },
  );
  if (listed !== undefined) train.addHelpText("after", summaries(listed));
}

/** What is learned, and where it is kept. */
function addLearned(train: Command, listed: HelpLists | undefined): void {
  train
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
    .addOption(repeatable("--set <name=value>", "change a setting (see `hypercrl settings`)"))
    .option("--tasks <n>", "learn only the first n tasks", wholeNumber)
    .option("--schedule <kind|file>", SCHEDULE_TEXT)
    .option(
      "--out <dir>",
      "new run folder (default: one in runs/, named after suite, method, profile and seed)",
    )
    .addOption(
      new Option("--resume <run>", "continue the run in this folder").conflicts([
        ...["profile", "seed", "set", "tasks", "schedule", "out", "async", "record"],
      ]),
    );
}

/** How a run goes on, with which of the machine, and what it writes. */
function addRunning(train: Command): void {
  train
    .option("--accept-changed-suite", `with --resume: ${CHANGED_SUITE_TEXT}`)
    .option("--async", "train in the background while the arm acts (sets loop.trainLag)")
    .option("--threads <n>", THREADS_TEXT, countingNumber)
    .option("--memory <GiB>", MEMORY_TEXT, gibibytes)
    .addOption(
      new Option("--record <what>", "plans: keep every step's plan in the recordings; same results").choices([
        "plans",
      ]),
    );
}

/** What is shown of a run, while it goes on and at its end. */
function addWatching(train: Command): void {
  train
    .option("--view", "show the run in the browser while it goes on, and after it until Ctrl-C")
    .addOption(
      new Option("--view-port <n>", "the same on this port (default: any that is free)")
        .argParser(portNumber)
        .implies({ view: true }),
    )
    .option("--report", "at the end, draw the run's curves and figures: report.html in its folder")
    .option("--quiet", "print the final summary only");
}

/** The run that is meant. @throws UsageError where one is continued with a name in place of a module */
function chooseTrain({
  set,
  tasks,
  schedule,
  resume,
  threads,
  memory,
  record,
  acceptChangedSuite,
  ...options
}: Omit<TrainArguments, "viewPort">): TrainOptions {
  const named = taskAssignments({ tasks, schedule });
  const assignments = [...set, ...named];
  return {
    ...(resume === undefined ? { ...options, assignments } : { resume, ...ownModules(options) }),
    ...(threads !== undefined && { threads }),
    ...(memory !== undefined && { memory }),
    ...(record && { record }),
    ...(acceptChangedSuite && { acceptChangedSuite }),
  };
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

/** The methods and planners with what they do, one a line. */
function summaries({ methods, planners }: HelpLists): string {
  const width = Math.max(...[...methods, ...planners].map(({ name }) => name.length));
  const lines = (list: HelpLists["methods"] | HelpLists["planners"]) =>
    list.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return ["", "Methods:", ...lines(methods), "", "Planners:", ...lines(planners)].join("\n");
}

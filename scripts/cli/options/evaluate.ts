import { type Command, Option } from "commander";
import { EVALUATION_STARTS } from "../../../agent/evaluation/evaluation-starts.js";
import type { SwitchSteps } from "../../../agent/evaluation/task-switches.js";
import { UsageError } from "../../../sim/core/errors.js";
import type { EvaluateOptions } from "../../evaluate/evaluate-run.js";
import type { Io } from "../io.js";
import { command, type Done } from "./command.js";
import {
  countingNumber,
  gibibytes,
  repeatable,
  switchSteps,
  type TaskChoice,
  taskChoice,
  UNANNOUNCED,
  UNSEEN,
  wholeNumber,
} from "./parsers.js";
import {
  AFTER_TASK_TEXT,
  CHANGED_SUITE_TEXT,
  MEMORY_TEXT,
  METHOD_FILE_TEXT,
  PLANNER_TEXT,
  SUITE_FILE_TEXT,
  THREADS_TEXT,
} from "./texts.js";

/** What `evaluate` is given for a run. */
interface EvaluateArguments extends Omit<EvaluateOptions, "suite" | "onEpisode"> {
  readonly suite?: string;
  readonly oracle?: boolean;
  readonly tasks?: TaskChoice;
  readonly switchEvery?: number;
  readonly switchSteps?: SwitchSteps;
  readonly set: readonly string[];
  readonly json?: boolean;
  readonly out?: string;
}

/** `hypercrl evaluate` with its options. */
export function addEvaluate(program: Command, io: Io, done: Done): void {
  const evaluate = command(
    program,
    "evaluate",
    "measure a saved state of a run on every task it has learned",
  );
  addPlayed(evaluate);
  addPlaying(evaluate);
  evaluate.action(async (run: string | undefined, given: EvaluateArguments) =>
    done(await play(run, given, io)),
  );
}

/** Who plays what, and from where. */
function addPlayed(evaluate: Command): void {
  evaluate
    .argument("[run]", "run folder; with --oracle it may be left out")
    .option("--after-task <n>", AFTER_TASK_TEXT, wholeNumber)
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
      "unannounced: do not tell the run which task it faces, it finds out from what its actions do; unseen: the tasks of the suite that it has not learned, with models made of those of the learned ones by the tasks' physical parameters; with --oracle a number: only the first n tasks",
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
    .addOption(
      new Option(
        "--switch-steps <n|min-max>",
        "with --tasks unannounced: change the task within episodes, to another one drawn at random, each time after n steps or after a number of steps drawn from min to max; the same episodes are also played with every task told",
      )
        .argParser(switchSteps)
        .conflicts(["oracle", "switchEvery"]),
    );
}

/** With which parts, planner and machine, and where the figures go. */
function addPlaying(evaluate: Command): void {
  evaluate
    .option("--accept-changed-suite", CHANGED_SUITE_TEXT)
    .option("--method <file>", METHOD_FILE_TEXT)
    .option("--planner <name|file>", PLANNER_TEXT)
    .option("--threads <n>", THREADS_TEXT, countingNumber)
    .option("--memory <GiB>", MEMORY_TEXT, gibibytes)
    .addOption(repeatable("--set <planner.name=value>", "plan with another setting"))
    .addOption(
      new Option(
        "--policy <file>",
        "let the policies in this file act, which `hypercrl distil` wrote, in place of the planner",
      ).conflicts(["oracle", "planner"]),
    )
    .option("--recordings <dir>", "also record the episodes, with every step's plan, into this new folder")
    .option(
      "--out <file>",
      "also write the figures of every episode to this new JSON file; `sweep` and `report` take one of the oracle from published starts",
    );
}

/** Hands the arguments to the command that is meant; returns its exit code. */
async function play(run: string | undefined, given: EvaluateArguments, io: Io): Promise<number> {
  const {
    json,
    out,
    set: assignments,
    oracle = false,
    tasks,
    switchEvery,
    switchSteps: steps,
    ...options
  } = given;
  const flags = { ...(json && { json }), ...(out !== undefined && { out }) };
  if (options.policy !== undefined) checkPolicyAlone(options.policy, tasks, assignments);
  if (tasks === UNANNOUNCED) {
    const { evaluateUnannouncedCommand } = await import("../commands/evaluate-unannounced.js");
    const changes = {
      ...(switchEvery !== undefined && { switchEvery }),
      ...(steps && { switchSteps: steps }),
    };
    const how = { ...options, assignments, ...changes };
    const notOracle = "The oracle plans through the simulator of its task, so it knows which it is";
    return evaluateUnannouncedCommand(runOnly(run, oracle, tasks, notOracle), how, flags, io);
  }
  if (switchEvery !== undefined) throw switchWithoutNeed("between", `--switch-every ${switchEvery}`);
  if (steps !== undefined) throw switchWithoutNeed("within", `--switch-steps ${steps.low}-${steps.high}`);
  if (tasks === UNSEEN) {
    const { evaluateUnseenCommand } = await import("../commands/evaluate-unseen.js");
    const notOracle = "The oracle learns no task, so none is unseen to it";
    const own = runOnly(run, oracle, tasks, notOracle);
    return evaluateUnseenCommand(own, { ...options, assignments }, flags, io);
  }
  if (oracle) {
    const what = { ...(run !== undefined && { run }), ...(tasks !== undefined && { tasks }) };
    const { evaluateOracleCommand } = await import("../commands/evaluate-oracle.js");
    return evaluateOracleCommand({ ...options, ...what, assignments }, flags, io);
  }
  const { evaluateCommand } = await import("../commands/evaluate.js");
  return evaluateCommand(runToEvaluate(run, tasks), { ...options, assignments }, flags, io);
}

/**
 * The run that plays with `--tasks`.
 * @param choice what `--tasks` was given
 * @param notOracle why the oracle cannot play them
 * @throws UsageError where there is no run, or the oracle shall play
 */
function runOnly(run: string | undefined, oracle: boolean, choice: string, notOracle: string): string {
  if (run !== undefined && !oracle) return run;
  throw new UsageError({
    what: oracle ? notOracle : "There is no run to evaluate",
    got: `--tasks ${choice}${oracle ? " and --oracle" : ""}`,
    expected: oracle
      ? `--tasks ${choice} without --oracle, or --oracle with a number of tasks`
      : "a run folder",
    todo: oracle ? "Leave out one of the two" : `Give a run folder: hypercrl evaluate RUN --tasks ${choice}`,
  });
}

function switchWithoutNeed(where: "between" | "within", got: string): UsageError {
  return new UsageError({
    what: `The task changes ${where} episodes only where it is not announced`,
    got,
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
        : `--tasks with a number with --oracle alone, or --tasks ${UNANNOUNCED} or ${UNSEEN}`,
    todo: "`hypercrl evaluate --help` explains both",
  });
}

/** @throws UsageError where something is asked for that only a planner can do */
function checkPolicyAlone(
  policy: string,
  tasks: TaskChoice | undefined,
  assignments: readonly string[],
): void {
  const [assignment] = assignments;
  const got = assignment !== undefined ? `--set ${assignment}` : tasks !== undefined && `--tasks ${tasks}`;
  if (!got) return;
  throw new UsageError({
    what: "A policy acts without planning, on the tasks that it was made for",
    got: `--policy ${policy} and ${got}`,
    expected: "one of the two",
    todo:
      assignment === undefined
        ? "Leave out one of them"
        : "Give the setting to `hypercrl distil`, or leave out --policy",
  });
}

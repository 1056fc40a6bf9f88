import { parse } from "node:path";
import { count } from "../../../sim/core/count.js";
import { UsageError } from "../../../sim/core/errors.js";
import { shellWord } from "../../runs/shell-word.js";
import { signalCode } from "../../runs/stop-signals.js";
import { localEngine } from "../../sweep/local-engine.js";
import { baseOf, type SweepChoice } from "../../sweep/plan.js";
import type { SweepReport } from "../../sweep/report.js";
import { writeReport } from "../../sweep/report-files.js";
import { reportText } from "../../sweep/report-text.js";
import { queuedJobsIfAny } from "../../sweep/slurm/programs.js";
import { type Submitted, slurmEngine } from "../../sweep/slurm/slurm-engine.js";
import { failedInSlurm } from "../../sweep/slurm/states.js";
import { type SlurmOptions, submissionNumbers } from "../../sweep/slurm/submissions.js";
import { reportFolder, runSweep, submitSweep } from "../../sweep/sweep.js";
import type { SweepWork } from "../../sweep/work.js";
import { COMMAND_LINE } from "../command-line.js";
import type { Io } from "../io.js";
import { sayError, suggest, warner } from "../io.js";
import { silentSweepView, sweepView } from "../sweep-view.js";
import { cancelCommand, statusCommand, tellSubmitted, waitForSweep } from "./sweep-slurm.js";

export interface SweepFlags {
  /** Default: `runs/sweep-<suite>-<profile>`. */
  readonly out?: string | undefined;
  /** Runs at a time on this machine. */
  readonly jobs: number;
  /** Most memory that the runs may take, here together and in Slurm each, bytes. */
  readonly memory?: number | undefined;
  /** How jobs are submitted; undefined to make the runs on this machine. */
  readonly slurm?: SlurmOptions | undefined;
  /** What to do about a sweep in Slurm in place of submitting. */
  readonly ask?: "status" | "cancel" | "wait" | undefined;
  /** Stay until the jobs that are submitted have ended. */
  readonly wait?: boolean | undefined;
  readonly resume?: boolean | undefined;
  /** Only show the runs finished so far. */
  readonly report?: boolean | undefined;
  /** Line that the table shows differences from; default the first. */
  readonly differencesFrom?: string | undefined;
  /** Path of the suite's oracle; default the one in the folder, or that of the package. */
  readonly oracle?: string | undefined;
  /** Run modules that the sweep names, whoever chose them. */
  readonly trustSuite?: boolean | undefined;
  /** Go on although files of the suite have changed since a run began. */
  readonly acceptChangedSuite?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `hypercrl sweep`: compares methods over seeds, a process per run. Returns the exit code. */
export async function sweepCommand(
  choice: SweepChoice | undefined,
  flags: SweepFlags,
  io: Io,
): Promise<number> {
  const { suite, profile } = baseOf(choice ?? {});
  const out = flags.out ?? `runs/sweep-${parse(suite).name.replace(/\W+/g, "-")}-${profile}`;
  const json = flags.json ?? false;
  if (flags.report) {
    show(await reportNow(out, flags), flags, io);
    return 0;
  }
  if (flags.ask === "status") return statusCommand(out, json, io);
  if (flags.ask === "cancel") return cancelCommand(out, json, io);
  const signal = io.stopSignal();
  if (flags.ask === "wait") return waitAndShow(out, flags, signal, io);
  const options = optionsOf(choice, flags, out, signal, io);
  if (flags.slurm !== undefined) return submitCommand(options, flags.slurm, flags, io);
  if (flags.resume) await checkNotInSlurm(out);
  const report = await runSweep({
    ...options,
    engine: localEngine(flags.jobs, flags.memory),
    view: flags.quiet || flags.json ? silentSweepView : sweepView(io),
  });
  if (signal.reason === "SIGPIPE") return signalCode(signal.reason);
  show(report, flags, io);
  const again = `hypercrl sweep --resume ${shellWord(out)}`;
  if (signal.aborted) {
    suggest(io, "Stopped. Every run has saved its state; continue with", again);
    return signalCode(signal.reason);
  }
  if (report.failed.length === 0) return 0;
  const all = report.runs.length + report.unfinished.length;
  suggest(io, `${report.failed.length} of ${all} runs failed; continue with`, again);
  return 1;
}

type EnginelessWork = Omit<SweepWork, "engine">;

function optionsOf(
  choice: SweepChoice | undefined,
  flags: SweepFlags,
  out: string,
  signal: AbortSignal,
  io: Io,
): EnginelessWork {
  return {
    out,
    choice,
    resume: flags.resume ?? false,
    differencesFrom: flags.differencesFrom,
    oracle: flags.oracle,
    commandLine: COMMAND_LINE,
    trustModules: async (modules) => flags.trustSuite || (await askToTrust(modules, io)),
    acceptChangedSuite: flags.acceptChangedSuite,
    onWarning: warner(io),
    signal,
  };
}

/** Submits to Slurm, and waits if asked. */
async function submitCommand(
  options: EnginelessWork,
  slurm: SlurmOptions,
  flags: SweepFlags,
  io: Io,
): Promise<number> {
  const { out, commandLine, signal } = options;
  let submitted: Submitted | undefined;
  const engine = slurmEngine({
    ...{ out, commandLine, options: slurm, memoryLimit: flags.memory },
    acceptChangedSuite: flags.acceptChangedSuite ?? false,
    onSubmitted: (what) => {
      submitted = what;
    },
  });
  await submitSweep({ ...options, engine });
  if (!flags.wait || !flags.json) tellSubmitted(out, submitted, flags.json ?? false, io);
  return flags.wait ? waitAndShow(out, flags, signal, io) : 0;
}

/** Waits for a sweep in Slurm, and ends as one does that ran here. */
async function waitAndShow(out: string, flags: SweepFlags, signal: AbortSignal, io: Io): Promise<number> {
  await waitForSweep(out, flags.quiet || flags.json || false, signal, io);
  if (signal.aborted) {
    if (signal.reason !== "SIGPIPE")
      suggest(io, "Not waiting any more; the jobs go on. See", `hypercrl sweep --status ${shellWord(out)}`);
    return signalCode(signal.reason);
  }
  const report = await reportNow(out, flags);
  writeReport(out, report);
  show(report, flags, io);
  if (report.unfinished.length === 0) return 0;
  const all = report.runs.length + report.unfinished.length;
  const again = `hypercrl sweep --engine slurm --resume ${shellWord(out)}`;
  suggest(io, `${report.unfinished.length} of ${all} runs did not finish; continue with`, again);
  return 1;
}

async function reportNow(out: string, { differencesFrom, oracle }: SweepFlags): Promise<SweepReport> {
  return reportFolder(out, differencesFrom, oracle, await failedInSlurm(out));
}

/** @throws UsageError when jobs of the sweep are in the queue, which would make the same runs */
async function checkNotInSlurm(out: string): Promise<void> {
  if (submissionNumbers(out).length === 0) return;
  const queue = await queuedJobsIfAny(out);
  if (queue.length === 0) return;
  throw new UsageError({
    what: `Sweep ${out} is under way in Slurm`,
    got: `${count(queue.length, "job")} in the queue`,
    expected: "no job of it, to make its runs on this machine",
    todo: "Submit more with --engine slurm, or end its jobs with --cancel",
  });
}

/** Asks in a terminal; a program that calls this one cannot answer. */
async function askToTrust(modules: readonly string[], io: Io): Promise<boolean> {
  if (io.confirm === undefined) return false;
  sayError(
    io,
    "The sweep runs these modules, which were not chosen on this machine. They can do whatever you can do:",
  );
  for (const module of modules) io.err(`  ${module}`);
  return io.confirm("Run them?");
}

function show(report: SweepReport, { json }: SweepFlags, io: Io): void {
  io.out(json ? JSON.stringify(report) : reportText(report, io.columns()));
}

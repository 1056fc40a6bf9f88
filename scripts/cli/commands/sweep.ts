import { parse } from "node:path";
import { shellWord } from "../../runs/shell-word.js";
import { localEngine } from "../../sweep/local-engine.js";
import { baseOf, type SweepChoice } from "../../sweep/plan.js";
import type { SweepReport } from "../../sweep/report.js";
import { reportText } from "../../sweep/report-text.js";
import { reportFolder, runSweep } from "../../sweep/sweep.js";
import { COMMAND_LINE } from "../command-line.js";
import type { Io } from "../io.js";
import { sayError, signalCode, suggest, warner } from "../io.js";
import { silentSweepView, sweepView } from "../sweep-view.js";

export interface SweepFlags {
  /** Default: `runs/sweep-<suite>-<profile>`. */
  readonly out?: string | undefined;
  readonly jobs: number;
  /** Most memory that the runs may take together, bytes. */
  readonly memory?: number | undefined;
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
  if (flags.report) {
    show(reportFolder(out, flags.differencesFrom, flags.oracle), flags, io);
    return 0;
  }
  const signal = io.stopSignal();
  const report = await runSweep({
    out,
    choice,
    resume: flags.resume ?? false,
    differencesFrom: flags.differencesFrom,
    oracle: flags.oracle,
    commandLine: COMMAND_LINE,
    trustModules: async (modules) => flags.trustSuite || (await askToTrust(modules, io)),
    acceptChangedSuite: flags.acceptChangedSuite,
    onWarning: warner(io),
    engine: localEngine(flags.jobs),
    jobs: flags.jobs,
    memory: flags.memory,
    signal,
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

import { join } from "node:path";
import type { Progress } from "../../../agent/run/checkpoint-document.js";
import { Schedule } from "../../../agent/settings/schedule.js";
import type { Settings } from "../../../agent/settings/schema.js";
import { HyperCrlError } from "../../../sim/core/errors.js";
import { summaryText } from "../../compare/summary-text.js";
import { number } from "../../compare/text.js";
import { REPORT_PAGE } from "../../report/page-name.js";
import { modulesGiven, type RunModules, resumeCommand, verifyCommand } from "../../runs/resume-command.js";
import { shellWord } from "../../runs/shell-word.js";
import { signalCode } from "../../runs/stop-signals.js";
import type { Summary } from "../../runs/summary.js";
import { type RunStart, type TrainOptions, type TrainResult, train } from "../../runs/train.js";
import { type Io, say, suggest, warner } from "../io.js";
import { jsonView, type ProgressView, silentView, textView } from "../progress-view.js";
import { printLine } from "../train-lines.js";
import { TrainView, type TrainViewFlags } from "./train-view.js";

export interface TrainFlags extends TrainViewFlags {
  /** Also shows the run in the browser while it goes on. */
  readonly view?: boolean;
  /** Writes the report of the finished run into its folder. */
  readonly report?: boolean;
}

/** `hypercrl train`: runs or continues, shows progress, and ends with the summary. Returns the exit code. */
export async function trainCommand(options: TrainOptions, flags: TrainFlags, io: Io): Promise<number> {
  const view = chooseView(flags, io);
  const signal = io.stopSignal();
  const browser = flags.view ? new TrainView(flags, io) : undefined;
  let started: RunStart | undefined;
  const onStart = (start: RunStart) => {
    started = start;
    view.start(start);
    browser?.start(start.folder);
  };
  let result: TrainResult;
  try {
    result = await train({ ...options, signal, onStart, onProgress: view.accept, onWarning: warner(io) });
  } catch (error) {
    view.end();
    await browser?.stop();
    // Before the start nothing was computed, so there is nothing to go on with.
    if (started !== undefined && error instanceof HyperCrlError) {
      const command = resumeCommand(started.folder, modulesGiven(options));
      suggest(io, "Everything saved so far is intact; continue with", command);
    }
    throw error;
  }
  view.end();
  if (result.outcome === "stopped") {
    await browser?.stop();
    return reportStop(result, resumeCommand(result.folder, modulesGiven(options)), signal, flags, io);
  }
  await showResult(result, modulesGiven(options), flags, io);
  await browser?.linger(signal);
  return 0;
}

function chooseView({ json, quiet }: TrainFlags, io: Io): ProgressView {
  if (quiet) return silentView;
  return json ? jsonView(io) : textView(io);
}

function reportStop(
  result: TrainResult,
  resume: string,
  signal: AbortSignal,
  flags: TrainFlags,
  io: Io,
): number {
  const { folder, progress, settings } = result;
  if (signal.reason === "SIGPIPE") return signalCode(signal.reason);
  if (flags.json) printLine(io, { type: "stopped", folder, progress });
  const place = placeInRun(progress, settings);
  suggest(io, `Stopped. Everything up to ${place} is saved; continue with`, resume);
  return signalCode(signal.reason);
}

/** The summary comes first, so that a report that cannot be written does not hide it. */
async function showResult(
  { folder, summary }: TrainResult,
  modules: RunModules,
  flags: TrainFlags,
  io: Io,
): Promise<void> {
  const page = join(folder, REPORT_PAGE);
  if (!flags.json) io.out(summaryText(summary, io.columns()));
  if (flags.report) {
    const { createReport } = await import("../../report/create.js");
    createReport([folder], page);
  }
  if (flags.json) {
    printLine(io, { type: "summary", folder, ...(flags.report && { report: page }), ...summary });
    return;
  }
  for (const [text, command] of nextCommands(folder, page, flags.report ?? false, summary, modules)) {
    say(io, text);
    io.out(`  ${command}`);
  }
}

/** What shows the run that has ended: a text and the command for it, each. */
function nextCommands(
  folder: string,
  page: string,
  written: boolean,
  { best }: Summary,
  modules: RunModules,
): [string, string][] {
  const run = shellWord(folder);
  const commands: [string, string][] = [
    ["Watch the episodes in the browser:", `npx hypercrl view ${run}`],
    [
      written
        ? `Curves and figures are in ${page}: open it in a browser. To draw them again:`
        : "Draw curves and figures on one page:",
      `npx hypercrl report ${run}`,
    ],
  ];
  if (best !== undefined) {
    commands.push([
      `Simulate the best ${best.kind} episode (${best.task}, return ${number(best.return)}) again and compare it bit by bit:`,
      `npx ${verifyCommand(join(folder, best.recording), modules)}`,
    ]);
  }
  return commands;
}

function placeInRun({ stage, task: place, steps, evaluated }: Progress, settings: Settings): string {
  const { tasks } = settings;
  if (stage === "baseline") return `the random policy's measurement on task ${place + 1} of ${tasks}`;
  const { isOnce, visits } = new Schedule(settings);
  const name = isOnce ? `task ${place + 1} of ${tasks}` : `visit ${place + 1} of ${visits.length}`;
  return stage === "learn" ? `step ${steps} of ${name}` : `evaluation ${evaluated + 1} after ${name}`;
}

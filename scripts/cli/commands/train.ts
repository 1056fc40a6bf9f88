import type { Progress } from "../../../agent/run/checkpoint.js";
import { HyperCrlError } from "../../../sim/core/errors.js";
import { shellWord, summaryText } from "../../compare/tables.js";
import { type RunStart, type TrainOptions, type TrainResult, train } from "../../runs/train.js";
import { type Io, signalCode, warner } from "../io.js";
import { jsonView, type ProgressView, silentView, textView } from "../progress-view.js";
import { TrainView, type TrainViewFlags } from "./train-view.js";

export interface TrainFlags extends TrainViewFlags {
  /** Also shows the run in the browser while it goes on. */
  readonly view?: boolean;
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
      io.err(`Everything saved so far is intact; continue with: ${resumeCommand(started.folder)}`);
    }
    throw error;
  }
  view.end();
  if (result.outcome === "stopped") {
    await browser?.stop();
    return reportStop(result, signal, flags, io);
  }
  if (flags.json) io.out(JSON.stringify({ type: "summary", folder: result.folder, ...result.summary }));
  else io.out(summaryText(result.summary, result.folder));
  await browser?.linger(signal);
  return 0;
}

function chooseView({ json, quiet }: TrainFlags, io: Io): ProgressView {
  if (quiet) return silentView;
  return json ? jsonView(io) : textView(io);
}

function reportStop(result: TrainResult, signal: AbortSignal, flags: TrainFlags, io: Io): number {
  const { folder, progress, settings } = result;
  if (signal.reason === "SIGPIPE") return signalCode(signal.reason);
  if (flags.json) io.out(JSON.stringify({ type: "stopped", folder, progress }));
  io.err(
    `Stopped. Everything up to ${placeInRun(progress, settings.tasks)} is saved; continue with: ${resumeCommand(folder)}`,
  );
  return signalCode(signal.reason);
}

function resumeCommand(folder: string): string {
  return `hypercrl train --resume ${shellWord(folder)}`;
}

function placeInRun({ stage, task, steps, evaluated }: Progress, tasks: number): string {
  const name = `task ${task + 1} of ${tasks}`;
  if (stage === "baseline") return `the random policy's measurement on ${name}`;
  return stage === "learn" ? `step ${steps} of ${name}` : `evaluation ${evaluated + 1} after ${name}`;
}

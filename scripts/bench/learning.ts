import { existsSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { COMMAND_LINE } from "../cli/command-line.js";
import { sweepView } from "../cli/sweep-view.js";
import { PLAIN_WIDTH } from "../compare/text.js";
import { localEngine } from "../sweep/local-engine.js";
import { manifestPath } from "../sweep/manifest-file.js";
import type { SweepReport } from "../sweep/report.js";
import { reportText } from "../sweep/report-text.js";
import { runSweep } from "../sweep/sweep.js";

export interface LearningOptions {
  readonly seeds: readonly number[];
  /** Runs at a time; each uses one core. */
  readonly jobs: number;
  /** Folder of the sweep; one that is there is continued. */
  readonly out: string;
}

const METHODS = ["hypercrl", "finetune", "single"];

/**
 * The sweep of the quick push profile behind the README's table, with how often the block was left alone.
 * @param say prints a line on how far it is
 */
export async function benchLearning(
  { seeds, jobs, out }: LearningOptions,
  say: (text: string) => void,
): Promise<string> {
  const report = await runSweep({
    out,
    choice: { suite: "push", profile: "quick", methods: METHODS.map((method) => ({ method })), seeds },
    resume: existsSync(manifestPath(out)),
    commandLine: COMMAND_LINE,
    engine: localEngine(jobs),
    // Ctrl-C ends this process, which the runs notice; they save and stop.
    signal: new AbortController().signal,
    view: sweepView({ out: say, columns: () => PLAIN_WIDTH, live: undefined, now: () => performance.now() }),
  });
  return `${reportText(report)}\n\n${untouchedText(report)}`;
}

function untouchedText({ methods }: SweepReport): string {
  const counts = methods.map((m) => `${m.method} ${m.untouched} of ${m.episodes}`);
  return `evaluation episodes that ended with the block within 1 mm of its start: ${counts.join(", ")}`;
}

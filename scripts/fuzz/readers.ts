import { join } from "node:path";
import { checkHashes } from "../../agent/run/run-hashes.js";
import { readEpisode } from "../../sim/recording/reader.js";
import { readPlayable, readSummary } from "../../sim/recording/salvage.js";
import { verifyEpisode } from "../../sim/recording/verify.js";
import { initPhysics, physicsVersion } from "../../sim/world.js";
import { COMMAND_LINE } from "../cli/command-line.js";
import { silentSweepView } from "../cli/sweep-view.js";
import { builtinCatalog } from "../parts/catalog.js";
import { taskOfEpisode } from "../parts/run-parts.js";
import { reportHtml } from "../report/document.js";
import { reportData } from "../report/report.js";
import { readSource } from "../report/runs.js";
import { summarizeRun, train } from "../runs/train.js";
import { localEngine } from "../sweep/local-engine.js";
import { baseOf, planRuns } from "../sweep/plan.js";
import { reportFolder, runSweep } from "../sweep/sweep.js";
import { readSweepFile } from "../sweep/sweep-file.js";
import { encodeEpisode } from "../viewer/encode.js";
import { isRefusal } from "./kind.js";

/** What the program does with the inputs. */
export interface Reader {
  readonly read: (folder: string) => Promise<void>;
  /** The part of the inputs that it may write in; without, it only reads. */
  readonly writes?: string;
}

/** Name of the recording among the inputs. */
export const RECORDING = "episode.mcap";

/** Everything that shows a finished run without changing it. */
export const show: Reader = { read: showRun };
/** Goes on with a run that was stopped in the middle of a task, up to its first step. */
export const resume: Reader = { read: resumeRun, writes: "begun" };
/** Shows a sweep, and goes on with it as far as its runs would be started. */
export const continueSweep: Reader = { read: continueRuns, writes: "sweep" };
/** Plays and verifies a recording. */
export const play: Reader = { read: playEpisode };
/** Plans the runs of a sweep file. */
export const plan: Reader = {
  read: async (folder) => {
    const choice = readSweepFile(join(folder, "compare.json"));
    await planRuns(choice, baseOf(choice), join(folder, "planned"));
  },
};

async function showRun(folder: string): Promise<void> {
  const run = join(folder, "run");
  const each = [
    () => reportHtml(reportData(readSource([run]), join(run, "report.html"))),
    () => summarizeRun(run),
    () => checkHashes(run),
  ];
  await all(each);
}

/** Goes on with a run up to its first step. */
export async function resumeRun(folder: string): Promise<void> {
  await train({ resume: join(folder, "begun"), threads: 1, signal: AbortSignal.abort() });
}

/** Runs all, and fails with the first error afterwards: one that is expected must not hide one that is not. */
async function all(works: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const work of works) {
    try {
      await work();
    } catch (error) {
      errors.push(error);
    }
  }
  const worst = errors.find((error) => !isRefusal(error)) ?? errors[0];
  if (worst !== undefined) throw worst;
}

async function continueRuns(folder: string): Promise<void> {
  const out = join(folder, "sweep");
  await all([
    () => reportFolder(out),
    () =>
      runSweep({
        out,
        choice: undefined,
        resume: true,
        commandLine: COMMAND_LINE,
        engine: { ...localEngine(1), run: async () => {} },
        signal: AbortSignal.abort(),
        view: silentSweepView,
      }),
  ]);
}

async function playEpisode(folder: string): Promise<void> {
  await initPhysics();
  const path = join(folder, RECORDING);
  await all([
    () => readSummary(path),
    () => encodeEpisode({ source: 0, file: RECORDING }, readPlayable(path)),
    () => {
      const episode = readEpisode(path);
      const { suites } = builtinCatalog;
      const task = taskOfEpisode(path, episode.header, suites);
      const others = suites.find(({ name }) => name === episode.header.suite)?.tasks;
      verifyEpisode(episode, task, physicsVersion(), others);
    },
  ]);
}

import { initPhysics } from "../../../sim/world.js";
import { readManifest } from "../manifest-file.js";
import { differencesLabel, reportSweep } from "../report.js";
import { writeReport } from "../report-files.js";
import { submitSweep } from "../sweep.js";
import { queuedJobs, recordsOfArray } from "./programs.js";
import { slurmEngine } from "./slurm-engine.js";
import { failedRuns, leftBehind, statusOfRuns } from "./states.js";
import { readSubmission } from "./submissions.js";

/** What the job is given that looks after a submission when its array has ended. */
export interface CloseOptions {
  /** Folder of the sweep. */
  readonly out: string;
  /** Number of the submission. */
  readonly submission: number;
  /** Number of its array of jobs. */
  readonly array: string;
  readonly commandLine: string;
  readonly signal: AbortSignal;
  /** Takes a line for the job's own log. */
  readonly say: (text: string) => void;
}

/**
 * Submits again what jobs that were killed have left and what may be tried once more; where there is nothing of that, writes the
 * report.
 * @throws as `submitSweep` and `reportSweep`
 */
export async function closeSubmission(options: CloseOptions): Promise<void> {
  const { out, submission: number, array, commandLine, signal, say } = options;
  const manifest = readManifest(out);
  const queue = await queuedJobs(out);
  const runs = statusOfRuns(out, manifest, queue);
  const left = leftBehind(out, number, runs, await recordsOfArray(array));
  if (left.length > 0) {
    const submission = readSubmission(out, number);
    const engine = slurmEngine({
      ...{ out, commandLine, options: submission.options, memoryLimit: undefined },
      acceptChangedSuite: submission.acceptChangedSuite,
      goOn: { campaign: submission.campaign, runs: left },
      onSubmitted: ({ job }) => say(`submitted ${left.length} runs again as job ${job}`),
    });
    const { acceptChangedSuite } = submission;
    // Its user has submitted these modules.
    const trustModules = async () => true;
    const what = { out, choice: undefined, resume: true, commandLine, trustModules, acceptChangedSuite };
    return submitSweep({ ...what, engine, signal, onWarning: say });
  }
  await initPhysics();
  const report = reportSweep(
    out,
    manifest,
    failedRuns(out, manifest, runs),
    differencesLabel(manifest, undefined),
  );
  writeReport(out, report);
  say(`${report.runs.length} of ${manifest.runs.length} runs are finished`);
}

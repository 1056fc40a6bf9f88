import { InputError } from "../../../sim/core/errors.js";
import { STOP_SIGNALS } from "../../runs/stop-signals.js";
import { closeSubmission } from "../../sweep/slurm/close.js";
import { type JobEnvironment, runTask } from "../../sweep/slurm/task.js";
import { COMMAND_LINE } from "../command-line.js";
import type { Io } from "../io.js";

/** `hypercrl slurm-task`, which jobs in Slurm call: makes the runs of one task of an array. Returns the exit code. */
export async function slurmTaskCommand(
  out: string,
  { submission }: { readonly submission: number },
  io: Io,
): Promise<number> {
  const environment = jobEnvironment();
  await untilStopped((signal) =>
    runTask({ out, submission, commandLine: COMMAND_LINE, environment, signal, say: io.out }),
  );
  return 0;
}

/** `hypercrl slurm-close`, which the job calls that follows an array. Returns the exit code. */
export async function slurmCloseCommand(
  out: string,
  { submission, array }: { readonly submission: number; readonly array: string },
  io: Io,
): Promise<number> {
  await untilStopped((signal) =>
    closeSubmission({ out, submission, array, commandLine: COMMAND_LINE, signal, say: io.out }),
  );
  return 0;
}

/** Works with a signal that the first of what Slurm sends aborts; it sends more while the work ends, which is no hurry. */
async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const listen = (name: NodeJS.Signals) => stop.abort(name);
  for (const name of STOP_SIGNALS) process.on(name, listen);
  try {
    await work(stop.signal);
  } finally {
    for (const name of STOP_SIGNALS) process.off(name, listen);
  }
}

/** @throws InputError outside of a job of an array */
function jobEnvironment(): JobEnvironment {
  const {
    SLURM_JOB_ID: job,
    SLURM_ARRAY_TASK_ID: task = "",
    SLURMD_NODENAME: node = "unknown",
  } = process.env;
  if (job !== undefined && /^\d+$/.test(task)) return { job, task: Number(task), node };
  throw new InputError({
    what: "slurm-task was called outside of a job",
    got: "no SLURM_JOB_ID and SLURM_ARRAY_TASK_ID in the environment",
    expected: "a task of an array of jobs, as `hypercrl sweep --engine slurm` submits it",
    todo: "Submit the sweep with `hypercrl sweep --engine slurm`",
  });
}

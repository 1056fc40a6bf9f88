import { join } from "node:path";
import { GIB } from "../../sim/core/bytes.js";
import { moduleOptions } from "../runs/resume-command.js";
import type { RunCommand, RunExit } from "./engine.js";
import { modulesOfRun } from "./manifest.js";
import type { Manifest, ManifestRun } from "./manifest-file.js";
import { LOGS, runFolder } from "./run-folders.js";

/** How the processes of runs are started. */
export interface RunProcesses {
  /** Path of the command line, which is started for each run. */
  readonly commandLine: string;
  readonly threads: number;
  /** Most memory of a run, bytes; default as `train` has. */
  readonly memory?: number | undefined;
  readonly acceptChangedSuite?: boolean | undefined;
}

/** File that receives what the processes of a run print. */
export function logOfRun(out: string, { id }: Pick<ManifestRun, "id">): string {
  return join(out, LOGS, `${id}.log`);
}

/** The folder holds the settings, so one command begins and continues any run. */
export function jobOf(
  out: string,
  manifest: Manifest,
  run: ManifestRun,
  { commandLine, threads, memory, acceptChangedSuite }: RunProcesses,
): RunCommand {
  const options = [
    ...["--quiet", "--threads", String(threads), ...moduleOptions(modulesOfRun(out, manifest, run.label))],
    ...(acceptChangedSuite ? ["--accept-changed-suite"] : []),
    ...(memory === undefined ? [] : ["--memory", String(memory / GIB)]),
    ...["--resume", runFolder(out, run)],
  ];
  return {
    id: run.id,
    command: [process.execPath, commandLine, "train", ...options],
    log: logOfRun(out, run),
  };
}

/** How a process ended, in words. */
export function endInWords({ code, signal }: RunExit): string {
  if (signal !== null) return `killed by ${signal}`;
  return code === null ? "not started" : `exit code ${code}`;
}

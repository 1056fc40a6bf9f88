import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Finished } from "./call.js";

/** The built command line; `npm test` builds first. */
export const CLI = resolve("dist/scripts/cli/main.js");

/** The option of Node.js with which every thread of a program runs some code first. */
export const runsFirst = (code: string) => `--import=data:text/javascript,${encodeURIComponent(code)}`;

/**
 * In runs of seconds, optimizing the code takes longer than the optimized code saves. The compilers change no result, and
 * where tests compare with a run in their own process, that one is optimized.
 */
const UNOPTIMIZED = runsFirst(`
  import { setFlagsFromString } from "node:v8";
  setFlagsFromString("--liftoff-only");
  setFlagsFromString("--no-opt");
`);

/**
 * Starts the command line, or another script; `kill` sends a signal, `printed` is what came so far, `finished` resolves at
 * its end.
 */
export function start(args: readonly string[], cwd = tmpdir(), env: NodeJS.ProcessEnv = {}, script = CLI) {
  const all = { ...process.env, ...env };
  const child = spawn(process.execPath, [script, ...args], {
    cwd,
    env: { ...all, NODE_OPTIONS: `${UNOPTIMIZED} ${all.NODE_OPTIONS ?? ""}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const finished = new Promise<Finished>((done) => {
    child.on("close", (code, signal) => done({ code, signal, stdout, stderr }));
  });
  return {
    pid: child.pid!,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    printed: () => ({ stdout, stderr }),
    finished,
    running: () => child.exitCode === null,
  };
}

export function run(args: readonly string[], cwd?: string, env?: NodeJS.ProcessEnv): Promise<Finished> {
  return start(args, cwd, env).finished;
}

export function runScript(
  script: string,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<Finished> {
  return start(args, undefined, env, script).finished;
}

/** Records in a run's metrics so far, after the line with the log's version; -1 before there is a log. */
export function metricsLines(folder: string): number {
  const path = join(folder, "metrics.jsonl");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 2 : -1;
}

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { checkHashes } from "../../agent/run/run-hashes.js";
import { isInUse } from "../../sim/core/folder-lock.js";
import type { Rng } from "../../sim/core/rng.js";

/** A command that is killed again and again, and what it leaves when it has been finished. */
export interface KilledCommand {
  readonly name: string;
  /** Begins in a new folder. */
  readonly begin: (out: string) => readonly string[];
  /** Goes on in it. */
  readonly goOn: (out: string) => readonly string[];
  /** A file that is there once the folder can be gone on with. */
  readonly begun: string;
  /** Folders of the runs in it, relative, once all are finished. */
  readonly runs: (out: string) => readonly string[];
}

/** What came of a command that was killed. */
export interface KillResult {
  readonly command: string;
  /** Processes that were killed before they ended. */
  readonly kills: number;
  /** How often the command was finished and compared. */
  readonly compared: number;
  /** What was different from the undisturbed command, or went wrong. */
  readonly faults: readonly string[];
}

/** How commands are killed. */
export interface KillOptions {
  /** How many processes are to be killed at least. */
  readonly kills: number;
  /** Draws the moments. */
  readonly rng: Rng;
  /** For the command's output; emptied at the end. */
  readonly folder: string;
  /** Path of the built command line. */
  readonly commandLine: string;
  /** Stops: the command that is running is killed, and nothing writes into the folder any more when this is told. */
  readonly signal?: AbortSignal;
}

/**
 * Kills a command with SIGKILL at random moments, goes on with it until it is finished, and compares every file but the times
 * with those of the command undisturbed; again and again until `kills` processes have been killed.
 * @throws the reason of the signal once all processes have ended
 */
export async function killRuns(command: KilledCommand, options: KillOptions): Promise<KillResult> {
  const { kills, rng, folder, commandLine, signal = new AbortController().signal } = options;
  const run = (args: readonly string[]) => {
    // A listener is not told of what came before it.
    signal.throwIfAborted();
    return start(commandLine, args);
  };
  const whole = join(folder, "undisturbed");
  const started = performance.now();
  await undisturbed(run(command.begin(whole)), whole, signal);
  const duration = performance.now() - started;
  const wanted = contents(command, whole);
  const faults: string[] = [];
  let killed = 0;
  let compared = 0;
  for (let round = 0; killed < kills || compared === 0; round++) {
    const out = join(folder, `killed-${round}`);
    while (!(await once(command, run, out, rng.uniform() * duration * LATEST, signal))) killed++;
    compared++;
    faults.push(...differences(wanted, contents(command, out)).map((fault) => `round ${round}: ${fault}`));
    rmSync(out, { recursive: true });
  }
  rmSync(whole, { recursive: true });
  return { command: command.name, kills: killed, compared, faults };
}

/**
 * Kills one command after another, each equally often.
 * @param options `kills` is the number for all together
 * @param note told of what is known so far after each command: a campaign that is stopped keeps it
 */
export async function killAll(
  commands: readonly KilledCommand[],
  options: KillOptions,
  note: (results: readonly KillResult[]) => void,
): Promise<void> {
  const kills = Math.ceil(options.kills / commands.length);
  const results: KillResult[] = [];
  for (const command of commands) {
    results.push(await killRuns(command, { ...options, kills, rng: options.rng.split(command.name) }));
    note(results);
  }
}

/** Latest moment of a kill, in durations of the undisturbed command: a process that resumes has less to do. */
const LATEST = 0.8;

/** Waits for the end of a command that is killed only where the signal stops all. */
async function undisturbed(child: Started, out: string, signal: AbortSignal): Promise<void> {
  const kill = () => child.process.kill("SIGKILL");
  signal.addEventListener("abort", kill);
  try {
    await finish(child);
  } finally {
    signal.removeEventListener("abort", kill);
    if (signal.aborted) await untilIdle(out);
    signal.throwIfAborted();
  }
}

/** Starts or continues the command; whether it ended before it was to be killed. */
async function once(
  { begin, goOn, begun }: KilledCommand,
  run: (args: readonly string[]) => Started,
  out: string,
  delay: number,
  signal: AbortSignal,
): Promise<boolean> {
  const goesOn = existsSync(join(out, begun));
  if (!goesOn) rmSync(out, { recursive: true, force: true });
  const child = run(goesOn ? goOn(out) : begin(out));
  const ended = finish(child);
  const isTime = () => "time" as const;
  const killed = sleep(delay, undefined, { signal }).then(isTime, isTime);
  if ((await Promise.race([ended, killed])) !== "time") return true;
  child.process.kill("SIGKILL");
  const finished = await ended.then(
    () => true,
    () => false,
  );
  await untilIdle(out);
  signal.throwIfAborted();
  return finished;
}

/** The runs of a sweep that was killed notice that, save their state and end. */
async function untilIdle(out: string): Promise<void> {
  const runs = join(out, "runs");
  const folders = [out, ...(existsSync(runs) ? readdirSync(runs).map((name) => join(runs, name)) : [])];
  while (folders.some((folder) => existsSync(folder) && isInUse(folder, Date.now()))) await sleep(20);
}

interface Started {
  readonly process: ChildProcess;
  readonly args: readonly string[];
}

function start(commandLine: string, args: readonly string[]): Started {
  return {
    args,
    process: spawn(process.execPath, [commandLine, ...args], { stdio: ["ignore", "ignore", "pipe"] }),
  };
}

/** @throws Error when the process was killed or failed */
function finish({ process: child, args }: Started): Promise<void> {
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else if (signal === "SIGKILL") reject(new Error("killed"));
      else reject(new Error(`hypercrl ${args.join(" ")} ended with ${signal ?? code}: ${stderr}`));
    });
  });
}

/** Hashes of all files of all runs, by path. @throws Error when a run is not finished or is not what its hashes say */
function contents({ runs }: KilledCommand, out: string): ReadonlyMap<string, string> {
  const files = runs(out).flatMap((run) => {
    const check = checkHashes(join(out, run));
    if (check === undefined || check.changed.length + check.missing.length + check.added.length > 0)
      throw new Error(`${join(out, run)} is not whole: ${JSON.stringify(check)}`);
    const { files } = JSON.parse(readFileSync(join(out, run, "hashes.json"), "utf8"));
    return Object.entries(files as Record<string, string>).map(([path, hash]): [string, string] => [
      join(run, path),
      hash,
    ]);
  });
  return new Map(files);
}

function differences(wanted: ReadonlyMap<string, string>, got: ReadonlyMap<string, string>): string[] {
  const paths = new Set([...wanted.keys(), ...got.keys()]);
  return [...paths].filter((path) => wanted.get(path) !== got.get(path)).map((path) => `${path} differs`);
}

/** The run itself. */
export const itself = (): readonly string[] => ["."];
/** The runs of a sweep. */
export const runsOfSweep = (out: string): readonly string[] =>
  readdirSync(join(out, "runs")).map((name) => join("runs", name));

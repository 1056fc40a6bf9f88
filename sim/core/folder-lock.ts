import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { InputError } from "./errors.js";
import { diskError } from "./files.js";

/** Held while a process works in a folder. */
export interface FolderLock {
  /** May be called twice. */
  release(): void;
}

interface Holder {
  readonly file: string;
  readonly host: string;
  readonly pid: number;
  /** Tells a process from an earlier one with the same id. */
  readonly start: string;
}

const PATTERN = /^in-use\.(.+)\.(\d+)\.(\d+)\.lock$/;

/**
 * Claims a folder for this process. Each process puts down a file named after itself and looks for others only then,
 * so that of two that come at the same moment never both go on; files of processes that are gone are removed.
 * @param kind what the folder is, for the message: `Run`, `Sweep`
 * @throws InputError when another process works in the folder, RunError when the folder cannot be written
 */
export function lockFolder(folder: string, kind: string): FolderLock {
  const own = `in-use.${hostname()}.${process.pid}.${startOf(process.pid) ?? ownStart()}.lock`;
  const path = join(folder, own);
  const release = () => rmSync(path, { force: true });
  try {
    writeFileSync(path, "", { flag: "wx" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw diskError(path, cause);
    throw inUse(folder, kind, holderOf(own)!);
  }
  try {
    for (const holder of holders(folder)) {
      if (holder.file === own) continue;
      if (isAlive(holder)) throw inUse(folder, kind, holder);
      rmSync(join(folder, holder.file), { force: true });
    }
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

/** True for the name of a lock file. */
export function isLockFile(name: string): boolean {
  return PATTERN.test(name);
}

/** Ids of the processes of this machine that work in a folder now. */
export function processesIn(folder: string): number[] {
  return holders(folder)
    .filter((holder) => holder.host === hostname() && isAlive(holder))
    .map(({ pid }) => pid);
}

/** Whether a process works in a folder now. */
export function isInUse(folder: string): boolean {
  return holders(folder).some(isAlive);
}

function holders(folder: string): Holder[] {
  return readdirSync(folder)
    .map(holderOf)
    .filter((holder) => holder !== undefined);
}

function holderOf(file: string): Holder | undefined {
  const [, host, pid, start] = PATTERN.exec(file) ?? [];
  return host === undefined || start === undefined ? undefined : { file, host, pid: Number(pid), start };
}

/** A process of another machine cannot be asked, so it counts as alive. */
function isAlive({ host, pid, start }: Holder): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return start === (startOf(pid) ?? ownStart());
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = startOf(pid);
  return now === undefined || now === start;
}

/** When a process began, in clock ticks since the machine's start; undefined where /proc does not tell. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields are counted after the command, which is in parentheses and may hold anything; the start is the 22nd.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function ownStart(): string {
  return String(Math.round(performance.timeOrigin));
}

function inUse(folder: string, kind: string, { host, pid, file }: Holder): InputError {
  const elsewhere = host !== hostname();
  return new InputError({
    what: `${kind} ${folder} is in use`,
    got: elsewhere ? `process ${pid} on ${host} at work in it` : `process ${pid} at work in it`,
    expected: "a folder that no other process works in",
    todo: elsewhere
      ? `Wait for that process; if it is gone, delete ${join(folder, file)}`
      : "Wait for that process to end, or stop it",
  });
}

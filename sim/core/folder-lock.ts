import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { InputError, RunError } from "./errors.js";
import { diskError } from "./files.js";

/** Held while a process works in a folder. */
export interface FolderLock {
  /** Call before going on with the work. @throws RunError when another process has taken the folder over */
  check(): void;
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

/**
 * How long a lock holds without being renewed, where its process is on another machine and cannot be asked; and how
 * often it is renewed.
 */
const LEASE_MINUTES = 10;
const RENEWED_EVERY_MS = 60_000;
/** What a lock holds that is renewed. Those of earlier versions are empty. */
const RENEWED = "renewed every minute\n";

const PATTERN = /^in-use\.(.+)\.(\d+)\.(\d+)\.lock$/;

/**
 * Claims a folder for this process. Each process puts down a file named after itself and looks for others only then,
 * so that of two that come at the same moment never both go on; files of processes that are gone are removed, and so
 * are those of other machines that have not been renewed for `LEASE_MINUTES`.
 * @param kind what the folder is, for the message: `Run`, `Sweep`
 * @throws InputError when another process works in the folder or it cannot be written, RunError when the disk is full
 */
export function lockFolder(folder: string, kind: string): FolderLock {
  const own = `in-use.${hostname()}.${process.pid}.${startOf(process.pid) ?? ownStart()}.lock`;
  const path = join(folder, own);
  try {
    writeFileSync(path, RENEWED, { flag: "wx" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw diskError(path, cause);
    throw inUse(folder, kind, holderOf(own)!);
  }
  const renewal = setInterval(() => renew(path), RENEWED_EVERY_MS).unref();
  const release = () => {
    clearInterval(renewal);
    rmSync(path, { force: true });
  };
  try {
    // The file system's own time, by which all machines' files can be compared.
    const now = statSync(path).mtimeMs;
    for (const holder of holders(folder)) {
      if (holder.file === own) continue;
      if (isAlive(folder, holder, now)) throw inUse(folder, kind, holder);
      rmSync(join(folder, holder.file), { force: true });
    }
  } catch (error) {
    release();
    throw error;
  }
  const check = () => {
    if (!existsSync(path)) throw takenOver(folder, kind, path);
  };
  return { check, release };
}

/** Writes into a lock, so that the file system notes the time. One that is gone stays so. */
function renew(path: string): void {
  try {
    const file = openSync(path, "r+");
    writeSync(file, RENEWED);
    closeSync(file);
  } catch {
    // A file system that does not answer may do so in a minute; `check` tells of a lock that is gone.
  }
}

/** True for the name of a lock file. */
export function isLockFile(name: string): boolean {
  return PATTERN.test(name);
}

/** Whether a process works in a folder. @param now in ms since 1970 */
export function isInUse(folder: string, now: number): boolean {
  return holders(folder).some((holder) => isAlive(folder, holder, now));
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

/** A process of another machine cannot be asked: it counts as alive as long as it renews its lock. */
function isAlive(folder: string, holder: Holder, now: number): boolean {
  return holder.host === hostname() ? isAliveHere(holder) : !hasRunOut(join(folder, holder.file), now);
}

/** Whether a process of this machine lives. */
function isAliveHere({ pid, start }: Pick<Holder, "pid" | "start">): boolean {
  if (pid === process.pid) return start === (startOf(pid) ?? ownStart());
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const current = startOf(pid);
  return current === undefined || current === start;
}

/** Whether a lock that its process would renew has not been for too long; one that is gone has. */
function hasRunOut(path: string, now: number): boolean {
  try {
    const { size, mtimeMs } = statSync(path);
    return size > 0 && now - mtimeMs > LEASE_MINUTES * 60_000;
  } catch {
    return true;
  }
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
      ? `Wait for that process; if it is gone, delete ${join(folder, file)}, or wait ${LEASE_MINUTES} minutes, after which its lock no longer holds`
      : "Wait for that process to end, or stop it",
  });
}

function takenOver(folder: string, kind: string, path: string): RunError {
  return new RunError({
    what: `${kind} ${folder} has been taken over by another process`,
    got: `no ${path} any more`,
    expected: `this process to be heard of at least every ${LEASE_MINUTES} minutes`,
    todo: "Leave it to the other process, or stop that and go on with `--resume`",
  });
}

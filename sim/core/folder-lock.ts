import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { InputError, RunError } from "./errors.js";
import { diskError } from "./files.js";
import { readRegularFile } from "./own-files.js";
import { isAliveHere, machineId, ownIdentity, type ProcessIdentity } from "./process-identity.js";

/** Held while a process works in a folder. */
export interface FolderLock {
  /** Call before going on with the work. @throws RunError when another process has taken the folder over */
  check(): void;
  /** May be called twice. */
  release(): void;
}

interface Holder extends ProcessIdentity {
  readonly file: string;
  readonly host: string;
}

/**
 * How long a lock holds without being renewed, where its process is on another machine and cannot be asked; and how
 * often it is renewed.
 */
const LEASE_MINUTES = 10;
const RENEWED_EVERY_MS = 60_000;
/**
 * What a lock holds that is renewed, with the machine, since host names may be the same on two. Those of earlier versions do
 * not name it, and still earlier ones are empty.
 */
const RENEWED = (machine: string) => `renewed every minute on ${machine}\n`;
const MACHINE = /^renewed every minute on (\S+)\n$/;

/** Far more than a lock holds. */
const MOST_BYTES = 1000;

const PATTERN = /^in-use\.(.+)\.(\d+)\.(\d+)\.lock$/;

/**
 * Claims a folder for this process. Each process puts down a file named after itself and looks for others only then,
 * so that of two that come at the same moment never both go on; files of processes that are gone are removed, and so
 * are those of other machines that have not been renewed for `LEASE_MINUTES`.
 * @param kind what the folder is, for the message: `Run`, `Sweep`
 * @throws InputError when another process works in the folder or it cannot be written, RunError when the disk is full
 */
export function lockFolder(folder: string, kind: string): FolderLock {
  const { pid, start } = ownIdentity();
  const own = `in-use.${hostname()}.${pid}.${start}.lock`;
  const path = join(folder, own);
  const text = RENEWED(machineId());
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw diskError(path, cause);
    throw inUse(folder, kind, holderOf(own)!);
  }
  const renewal = setInterval(() => renew(path, text), RENEWED_EVERY_MS).unref();
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
function renew(path: string, text: string): void {
  try {
    const file = openSync(path, "r+");
    writeSync(file, text);
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
  return isHere(folder, holder) ? isAliveHere(holder) : !hasRunOut(join(folder, holder.file), now);
}

/** Whether a process is of this machine; host names may be the same on two, so they decide only where a lock names no machine. */
function isHere(folder: string, { host, file }: Holder): boolean {
  const machine = machineOf(join(folder, file));
  return machine === undefined ? host === hostname() : machine === machineId();
}

/** The machine that a lock names; undefined where it names none or is gone. */
function machineOf(path: string): string | undefined {
  try {
    return MACHINE.exec(readRegularFile(path, MOST_BYTES).toString("utf8"))?.[1];
  } catch {
    return undefined;
  }
}

/**
 * Removes the locks that processes of a machine hold on a folder. A process of it that should live all the same notices before it
 * writes anything more.
 * @param machine as of `machineId`
 */
export function breakLocks(folder: string, machine: string): void {
  for (const { file } of holders(folder)) {
    if (machineOf(join(folder, file)) === machine) rmSync(join(folder, file), { force: true });
  }
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

function inUse(folder: string, kind: string, holder: Holder): InputError {
  const { host, pid, file } = holder;
  const elsewhere = !isHere(folder, holder);
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

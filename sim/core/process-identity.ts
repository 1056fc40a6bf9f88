import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { performance } from "node:perf_hooks";

/** A process as other processes of the same machine can look it up. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Tells a process from an earlier one with the same id. */
  readonly start: string;
}

/**
 * Names what process ids are counted in: this start of this machine, and the container that the process is in. Machines of a
 * cluster may have the same host name, and containers of one machine do not see each other's processes. Where the system does
 * not tell, it is the host name.
 */
export function machineId(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const [, space] = /(\d+)/.exec(readlinkSync("/proc/self/ns/pid")) ?? [];
    return space === undefined ? hostname() : `${boot}.${space}`;
  } catch {
    return hostname();
  }
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    start: startOf(process.pid) ?? String(Math.round(performance.timeOrigin)),
  };
}

/** Whether a process of this machine lives. */
export function isAliveHere({ pid, start }: ProcessIdentity): boolean {
  if (pid === process.pid) return start === ownIdentity().start;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const current = startOf(pid);
  return current === undefined || current === start;
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

import { readFileSync } from "node:fs";

/** Resident memory of a process, bytes; 0 where the system does not say. */
export function residentBytes(pid: number | undefined): number {
  return statusBytes(`${pid}`, "VmRSS") ?? 0;
}

/**
 * Largest resident memory that this process has had, bytes.
 *
 * On Linux it is what the kernel notes of the program that runs now. `process.resourceUsage()` counts the moment before this
 * program was loaded as well, when a forked process is still a copy of its parent and as large.
 */
export function peakBytes(): number {
  // In KiB on every platform.
  return statusBytes("self", "VmHWM") ?? process.resourceUsage().maxRSS * 1024;
}

/** @param pid of a process, or `self` */
function statusBytes(pid: string, field: "VmRSS" | "VmHWM"): number | undefined {
  try {
    const [, kib] = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

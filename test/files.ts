import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "hypercrl-test-"));
}

const TIMES = /(^|\/)(timing\.jsonl|hashes-timing\.json|tensorboard\/timing\/[^/]+)$/;

/** SHA-256 of every file below a folder by relative path; times that never repeat are left out. */
export function fileHashes(folder: string): Record<string, string> {
  const files = (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => !TIMES.test(name) && statSync(join(folder, name)).isFile())
    .sort();
  return Object.fromEntries(
    files.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}

/** Changes one bit, by default of the middle byte. */
export function flipByte(path: string, share = 0.5): void {
  const bytes = readFileSync(path);
  bytes[Math.floor(bytes.length * share)]! ^= 1;
  writeFileSync(path, bytes);
}

/** Cuts off the second half of a file. */
export function halve(path: string): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length >> 1));
}

/** Ids of the processes that hold a folder by its lock files and live. */
export function processesIn(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => Number(/^in-use\..+\.(\d+)\.\d+\.lock$/.exec(name)?.[1]))
    .filter((pid) => pid > 0 && isAlive(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

import { totalmem } from "node:os";
import type { Parts } from "../../agent/catalog.js";
import { type MemoryNeed, type MemoryPart, memoryNeed } from "../../agent/memory.js";
import type { Settings } from "../../agent/settings/schema.js";
import { GIB } from "../../sim/core/bytes.js";
import { UsageError } from "../../sim/core/errors.js";
import { LARGEST } from "../../sim/core/own-files.js";
import type { Task } from "../../sim/task.js";
import { chooseCompute } from "./compute.js";

/** What WebAssembly can address, and Node.js allocates at once on every version. */
const LARGEST_ARRAY = 4 * GIB;
/** Share of the machine's memory that runs may take: an estimate is one, and others use the machine too. */
const SHARE = 0.8;

/** Bytes that runs may take of this machine unless told otherwise: a share of its memory, or of what a container has. */
export function defaultMemoryLimit(): number {
  // Without a limit it is 0, or more than there is.
  const container = process.constrainedMemory();
  const total = totalmem();
  return SHARE * (container > 0 ? Math.min(container, total) : total);
}

/** A size for people, in GiB. */
export function inGiB(bytes: number): string {
  const gib = bytes / GIB;
  return `${gib < 10 ? gib.toFixed(1) : Math.round(gib).toLocaleString("en")} GiB`;
}

/**
 * The memory that a run needs on this machine.
 * @param threads as asked for; see `chooseCompute`
 */
export function memoryOfRun(
  tasks: readonly Task[],
  settings: Settings,
  parts: Parts,
  threads: number | undefined,
): MemoryNeed {
  return memoryNeed(
    tasks,
    settings,
    parts,
    chooseCompute(parts.method, settings, threads, () => {}),
  );
}

/**
 * Refuses what needs too much memory before anything is allocated.
 * @param limit bytes; default `defaultMemoryLimit`
 * @throws UsageError with the figure and the settings that decide it
 */
export function checkMemory(need: MemoryNeed, limit = defaultMemoryLimit()): void {
  if (need.checkpointBytes > LARGEST.arrays) {
    throw new UsageError({
      what: "A checkpoint of this run would be too large to be read",
      got: `${inGiB(need.checkpointBytes)}${mostly(need)}`,
      expected: `at most ${inGiB(LARGEST.arrays)}`,
      todo: "Choose smaller settings",
    });
  }
  const large = need.parts.find(({ arrayBytes }) => arrayBytes > LARGEST_ARRAY);
  if (large !== undefined) {
    throw new UsageError({
      what: `An array for ${large.what} would be too large`,
      got: `${inGiB(large.arrayBytes)} (${large.settings.join(", ")})`,
      expected: `at most ${inGiB(LARGEST_ARRAY)}`,
      todo: "Choose smaller settings",
    });
  }
  if (need.bytes <= limit) return;
  throw new UsageError({
    what: "This run needs more memory than it may take",
    got: `about ${inGiB(need.bytes)}${mostly(need)}`,
    expected: `at most ${inGiB(limit)}`,
    todo: ALLOW_MORE,
  });
}

/**
 * The same for several runs at a time.
 * @param needs of all runs that are to be made
 * @param jobs how many are made at a time
 */
export function checkMemoryOfJobs(
  needs: readonly MemoryNeed[],
  jobs: number,
  limit = defaultMemoryLimit(),
): void {
  for (const need of needs) checkMemory(need, limit);
  const largest = needs
    .map(({ bytes }) => bytes)
    .sort((a, b) => b - a)
    .slice(0, jobs);
  const bytes = largest.reduce((sum, one) => sum + one, 0);
  if (bytes <= limit) return;
  throw new UsageError({
    what: `${largest.length} runs at a time need more memory than they may take`,
    got: `about ${inGiB(bytes)}, up to ${inGiB(largest[0] ?? 0)} each`,
    expected: `at most ${inGiB(limit)}`,
    todo: `Give fewer --jobs. ${ALLOW_MORE}`,
  });
}

const ALLOW_MORE = `Choose smaller settings, or allow more with --memory GIB (default: ${100 * SHARE} % of this machine's memory)`;

/** What most of the memory is for, and the settings to change. */
function mostly({ parts }: MemoryNeed): string {
  const [{ what, settings } = NO_PART] = parts.toSorted((a, b) => b.bytes - a.bytes);
  return settings.length === 0 ? "" : `, most of it for ${what} (${settings.join(", ")})`;
}

const NO_PART: Pick<MemoryPart, "what" | "settings"> = { what: "", settings: [] };

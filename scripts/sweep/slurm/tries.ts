import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readDocument, writeDocument } from "../../../sim/core/documents.js";
import { diskError, makeFolder, writeFileSafely } from "../../../sim/core/files.js";
import { isAliveHere, machineId } from "../../../sim/core/process-identity.js";
import { SLURM } from "./folder.js";

/**
 * Who works on a run of a sweep, by nothing but the renaming of folders, which every file system does at once and for one process
 * only, shared ones included. Try n of a run is a folder `tries/<run>/<n>` that is made under another name and then renamed: where
 * two processes begin the same try, the folder of the second meets one that is not empty, and stays where it was. Nothing is ever
 * removed or overwritten by anybody but the process that made it.
 * @module
 */

const claimSchema = z.strictObject({
  /** Drawn for this try alone. */
  token: z.string(),
  /** The submission that the user made, and the one that the job belongs to. */
  campaign: z.int(),
  submission: z.int(),
  /** Number of the job and of its task, as Slurm counts. */
  job: z.string(),
  task: z.int(),
  /** Name of the node. */
  node: z.string(),
  /** As of `machineId`. */
  machine: z.string(),
  pid: z.int(),
  start: z.string(),
});

/** Who made a try. */
export type Claim = Readonly<z.infer<typeof claimSchema>>;

const endSchema = z.strictObject({
  /**
   * `finished`; `stopped`: saved, to be gone on with, such as before a time limit; `failed`: perhaps to be tried again; `refused`:
   * another try would end in the same way.
   */
  outcome: z.enum(["finished", "stopped", "failed", "refused"]),
  /** `exit code 1`, `killed by SIGKILL`. */
  end: z.string(),
  /** The last error line of the process. */
  error: z.string().optional(),
});

/** How a try ended. */
export type TryEnd = Readonly<z.infer<typeof endSchema>>;

/** A try of a run; without an end as long as it goes on, or where its process was killed. */
export interface Try {
  readonly number: number;
  readonly claim: Claim;
  readonly end: TryEnd | undefined;
}

const CLAIM = "claim.json";
const END = "end.json";
const BEAT = "beat";
const WORDS = { expected: "a file as a job of hypercrl writes it", todo: "Remove the folder that it is in" };

function triesFolder(out: string, run: string): string {
  return join(out, SLURM, "tries", run);
}

function tryFolder(out: string, run: string, number: number): string {
  return join(triesFolder(out, run), String(number));
}

/** All tries of a run, oldest first. @throws InputError when a file of one is damaged */
export function readTries(out: string, run: string): Try[] {
  return numbers(triesFolder(out, run)).map((number) => {
    const folder = tryFolder(out, run, number);
    const end = join(folder, END);
    return {
      number,
      claim: readDocument(join(folder, CLAIM), claimSchema, WORDS),
      end: existsSync(end) ? readDocument(end, endSchema, WORDS) : undefined,
    };
  });
}

/** Numbers of the tries in a folder, in order. */
function numbers(folder: string): number[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * Begins a try, unless another process has begun the one of that number.
 * @returns whether it is this process's own
 */
export function beginTry(out: string, run: string, number: number, claim: Claim): boolean {
  const parent = triesFolder(out, run);
  makeFolder(parent);
  const made = join(parent, `new-${claim.token}`);
  const folder = tryFolder(out, run, number);
  try {
    mkdirSync(made);
    writeDocument(join(made, CLAIM), claim);
    renameSync(made, folder);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // A server whose answer was lost is asked once more, and then says that the folder has gone from where it was.
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT") throw diskError(folder, cause);
    rmSync(made, { recursive: true, force: true });
    return readTries(out, run).some(({ claim: { token } }) => token === claim.token);
  }
}

/** Notes how a try ended. */
export function endTry(out: string, run: string, number: number, end: TryEnd): void {
  writeDocument(join(tryFolder(out, run, number), END), end);
}

/** Shows that the process of a try is at work. @param beats how often it has done so */
export function beat(out: string, run: string, number: number, beats: number): void {
  writeFileSafely(join(tryFolder(out, run, number), BEAT), `${beats}\n`);
}

/** What `beat` wrote last; empty before. */
export function readBeat(out: string, run: string, number: number): string {
  try {
    return readFileSync(join(tryFolder(out, run, number), BEAT), "utf8");
  } catch {
    return "";
  }
}

/** Whether a later try than this has begun, so that this one's process must not go on. */
export function isSuperseded(out: string, run: string, number: number): boolean {
  return (numbers(triesFolder(out, run)).at(-1) ?? 0) > number;
}

/** What is known of a process at once: of another machine, only time tells. */
export function lifeOf({ machine, pid, start }: Claim): "alive" | "gone" | "unknown" {
  if (machine !== machineId()) return "unknown";
  return isAliveHere({ pid, start }) ? "alive" : "gone";
}

/**
 * The tries of a campaign that count against the run: those that failed, and of those without an end all but the last, which
 * may go on.
 * @param over whether the last one is known to be over
 */
export function failedTries(tries: readonly Try[], campaign: number, over: boolean): Try[] {
  const last = tries.at(-1);
  return tries
    .filter(({ claim }) => claim.campaign === campaign)
    .filter((one) =>
      one.end === undefined
        ? one !== last || over
        : one.end.outcome === "failed" || one.end.outcome === "refused",
    );
}

/** Whether a run is tried no more. @param most tries */
export function isGivenUp(failed: readonly Try[], most: number): boolean {
  return failed.length >= most || failed.at(-1)?.end?.outcome === "refused";
}

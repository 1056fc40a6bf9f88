import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MIB } from "../../sim/core/bytes.js";
import { residentBytes } from "../runs/resident-memory.js";
import {
  type CaseReply,
  type CaseRequest,
  LIMITS,
  type Limits,
  OUTCOMES,
  type Outcome,
  type WorkerData,
} from "./protocol.js";

/** The kinds of inputs that the program takes. */
const KINDS = new URL("./kinds.js", import.meta.url).href;
const WORKER = fileURLToPath(new URL("./case-worker.js", import.meta.url));
/** How often the memory of a process is looked at while it does a case, ms. */
const WATCHED_EVERY_MS = 50;
/** How long a process may take to start, ms: many times as long as a case, for a machine that is busy. */
const START_MS = 600_000;

/** A case that did what no input may do. */
interface BadCase extends CaseRequest {
  readonly outcome: Outcome;
  readonly detail: string;
}

/** What came of the cases of a kind. */
export interface KindResult {
  readonly kind: string;
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly bad: readonly BadCase[];
}

/** Which cases are done. */
export interface CampaignOptions {
  /** Folder of `makeInputs`. */
  readonly inputs: string;
  /** Where each process has a folder of its own while it lives. */
  readonly folder: string;
  readonly seed: number;
  /** Of each kind. */
  readonly cases: number;
  /** Processes at a time. */
  readonly jobs: number;
  /** Module of the kinds; default those of the program. */
  readonly kinds?: string;
  readonly limits?: Limits;
  readonly signal?: AbortSignal;
}

/**
 * Does cases 0 … cases - 1 of a kind in processes of their own.
 * @throws the reason of the signal when it stops that, Error when a process cannot be started; once all processes have ended
 */
export async function fuzzKind(kind: string, options: CampaignOptions): Promise<KindResult> {
  const { inputs, folder, seed, cases, jobs, kinds = KINDS, limits = LIMITS } = options;
  // What one process cannot go on after stops the others as well.
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
  const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  const bad: BadCase[] = [];
  let next = 0;
  const work = async () => {
    let worker: CaseProcess | undefined;
    try {
      while (next < cases) {
        // A listener is not told of what came before it.
        signal.throwIfAborted();
        const request = { kind, seed, index: next++ };
        worker ??= await CaseProcess.start({ inputs, kinds, limits }, folder, signal);
        const { outcome, detail = "" } = await worker.run(request);
        signal.throwIfAborted();
        counts[outcome]++;
        if (outcome === "refused" || outcome === "harmless") continue;
        bad.push({ ...request, outcome, detail });
        // Its memory never shrinks again, or it is gone.
        await worker.end();
        worker = undefined;
      }
    } catch (error) {
      failed.abort(error);
      throw error;
    } finally {
      await worker?.end();
    }
  };
  await Promise.allSettled(Array.from({ length: jobs }, work));
  signal.throwIfAborted();
  return { kind, counts, bad: bad.sort((a, b) => a.index - b.index) };
}

type Reply = Exclude<CaseReply, { readonly ready: true }>;

/** A process that does one case after another. */
class CaseProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #limits: Limits;
  readonly #signal: AbortSignal;
  readonly #ended: Promise<void>;
  readonly #kill = () => void this.#child.kill("SIGKILL");

  private constructor({ folder, limits, ...data }: WorkerData, signal: AbortSignal) {
    this.#folder = folder;
    this.#limits = limits;
    this.#signal = signal;
    this.#child = fork(WORKER, [JSON.stringify({ ...data, folder, limits } satisfies WorkerData)], {
      execArgv: ["--max-old-space-size=768"],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#ended = new Promise((resolve) => this.#child.on("exit", () => resolve()));
    signal.addEventListener("abort", this.#kill);
  }

  /** @param parent where its folder is made */
  static async start(
    data: Omit<WorkerData, "folder">,
    parent: string,
    signal: AbortSignal,
  ): Promise<CaseProcess> {
    const worker = new CaseProcess({ ...data, folder: mkdtempSync(join(parent, "case-")) }, signal);
    const reply = await worker.#reply(START_MS);
    if (reply.ready) return worker;
    await worker.end();
    signal.throwIfAborted();
    throw new Error(`A process for cases did not start: ${reply.detail}`);
  }

  /** Does a case; a process that does not answer, or takes too much memory, is ended. */
  async run(request: CaseRequest): Promise<Reply> {
    this.#child.send(request);
    const reply = await this.#reply();
    if (reply.ready) throw new Error("A process for cases said twice that it is ready.");
    return reply;
  }

  /** Ends the process, and removes its folder. */
  async end(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#kill);
    this.#kill();
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #reply(ms = this.#limits.ms): Promise<CaseReply> {
    const child = this.#child;
    const limits = this.#limits;
    return new Promise((resolve) => {
      const settle = (reply: CaseReply) => {
        clearTimeout(late);
        clearInterval(watch);
        child.off("message", settle);
        child.off("exit", exited);
        resolve(reply);
      };
      const exited = (code: number | null, signal: string | null) =>
        settle({ outcome: "trace", detail: `the process ended with ${signal ?? `exit code ${code}`}` });
      const stop = (outcome: Outcome, detail: string) => {
        settle({ outcome, detail });
        child.kill("SIGKILL");
      };
      const late = setTimeout(() => stop("hang", `no answer after ${ms / 1000} s`), ms);
      const watch = setInterval(() => {
        const bytes = residentBytes(child.pid);
        if (bytes > limits.bytes) stop("memory", `${Math.round(bytes / MIB)} MiB`);
      }, WATCHED_EVERY_MS);
      child.on("message", settle);
      child.on("exit", exited);
    });
  }
}

import { once } from "node:events";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { type ErrorDetails, errorWithCode, InputError } from "../../sim/core/errors.js";
import type { EpisodeRef } from "./payload.js";

/** An episode that the thread is to read. */
export interface EpisodeRequest {
  readonly ref: EpisodeRef;
  readonly path: string;
}

export type EpisodeReply =
  /** The payload as JSON. */
  | { readonly body: Uint8Array }
  | { readonly failed: ErrorDetails; readonly exitCode: number }
  | { readonly broken: string };

/** For tests: what the thread runs, and its limits. */
export interface ThreadOptions {
  readonly file?: string;
  readonly patienceMs?: number;
  readonly heapMb?: number;
}

/** Heap of the thread, MB: three times what the largest recording that is read takes. */
const HEAP_MB = 1024;
/** How long one episode may take, ms; the largest take some seconds. */
const PATIENCE_MS = 120_000;

/**
 * Reads episodes on a thread of its own, one after another, so that the server goes on answering. A file that takes all
 * of the thread's memory or time ends the thread and nothing else; the next file gets a new one.
 */
export class EpisodeThread {
  readonly #options: Required<ThreadOptions>;
  readonly #closed = new AbortController();
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ file = builtWorker(), patienceMs = PATIENCE_MS, heapMb = HEAP_MB }: ThreadOptions = {}) {
    this.#options = { file, patienceMs, heapMb };
    // At once, so that it is ready when the page asks.
    this.#worker = this.#start();
  }

  /**
   * The episode's `EpisodePayload` as JSON.
   * @throws InputError when nothing of it can be played, or reading it takes too much memory or time
   */
  read(ref: EpisodeRef, path: string): Promise<Uint8Array> {
    const turn = this.#last.then(() => this.#ask({ ref, path }));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Ends the thread; what is being read is given up. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#worker?.terminate();
  }

  async #ask(request: EpisodeRequest): Promise<Uint8Array> {
    this.#closed.signal.throwIfAborted();
    this.#worker ??= this.#start();
    const worker = this.#worker;
    worker.postMessage(request);
    const reply = await this.#replyOf(worker, request.path);
    if ("body" in reply) return reply.body;
    throw "failed" in reply ? errorWithCode(reply.failed, reply.exitCode) : new Error(reply.broken);
  }

  async #replyOf(worker: Worker, path: string): Promise<EpisodeReply> {
    const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(this.#options.patienceMs)]);
    try {
      const [reply] = (await once(worker, "message", { signal })) as [EpisodeReply];
      return reply;
    } catch (cause) {
      this.#closed.signal.throwIfAborted();
      this.#worker = undefined;
      await worker.terminate();
      throw new InputError({
        what: `Episode file ${path} cannot be read`,
        got: signal.aborted
          ? `no end after ${this.#options.patienceMs / 1000} s`
          : `the end of the thread that read it (${(cause as Error).message})`,
        expected: "a recording that is read in seconds",
        todo: "Use another episode",
        cause,
      });
    }
  }

  #start(): Worker {
    const worker = new Worker(this.#options.file, {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.#options.heapMb },
    });
    const gone = () => {
      if (this.#worker === worker) this.#worker = undefined;
    };
    // Also when nobody waits for it, its end must not be the server's.
    worker.on("error", gone);
    worker.on("exit", gone);
    worker.unref();
    return worker;
  }
}

/** The worker runs the build also where sources are loaded as TypeScript. */
function builtWorker(): string {
  return createRequire(import.meta.url).resolve("#dist/scripts/viewer/episode-worker.js");
}

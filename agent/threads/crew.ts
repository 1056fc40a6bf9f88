import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { RunError } from "../../sim/core/errors.js";
import { ControlBlock, MAX_CHUNKS, MAX_WORKERS } from "./control.js";

/** Looks at a chunk's status before sleeping; some ten microseconds. */
const SPINS = 20_000;
/** Longest sleep of the calling thread before it lets events in. */
const SLEEP_MS = 1;
/** Sleeps after which a worker is thought to have no core: a scheduler's turn is some milliseconds. */
const STALLED_SLEEPS = 3;
/** Sleeps granted to a chunk that was claimed no longer ago than a chunk takes. */
const PATIENCE = 3;
/**
 * Longest wait for a worker to finish what it does before its thread is stopped by force, which aborts the process if
 * the thread is inside the runtime. On a crowded machine loading the runtime alone can take many seconds.
 */
const GRACE_MS = 60_000;

export interface JobOptions {
  /**
   * Whether the calling thread may do a chunk that a worker has claimed but not finished, e.g. because its core is
   * busy. Then a chunk must not change anything shared but what belongs to its own worker; see `Crew.owner`.
   */
  readonly duplicate: boolean;
  /** Up to four 32-bit integers for the workers' handlers. */
  readonly parameters?: readonly number[];
  /** Called on the calling thread once the workers can start and before it takes a chunk itself. */
  readonly meanwhile?: (() => void) | undefined;
}

/** What a worker gets to start with. */
export interface CrewMember {
  readonly control: SharedArrayBuffer;
  /** 1 … workers; the calling thread is 0. */
  readonly index: number;
  readonly data: unknown;
}

/**
 * Worker threads that do the numbered chunks of a job together with the calling thread, who takes what first.
 * Between jobs they sleep; they never keep the process alive.
 */
export class Crew {
  readonly #control = new ControlBlock();
  readonly #workers: readonly Worker[];
  /** One per worker, resolved when its thread has ended. */
  readonly #ends: readonly Promise<unknown>[];
  #failure: RunError | undefined;
  #closed = false;
  #stalled = false;
  /** The job before, settled or not. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: string | URL, data: unknown, workers: number) {
    this.#workers = Array.from({ length: Math.min(workers, MAX_WORKERS) }, (_, i) => {
      const member: CrewMember = { control: this.#control.buffer, index: i + 1, data };
      const worker = new Worker(file, { workerData: member, execArgv: [] });
      worker.on("error", (error) => this.#fail(error.message, error));
      worker.on("exit", (code) => {
        this.#control.rest(i + 1, true);
        this.#fail(`exit with code ${code}`);
      });
      worker.unref();
      return worker;
    });
    this.#ends = this.#workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    process.once("exit", this.#onProcessExit);
  }

  /**
   * Starts the workers and returns at once; jobs may be run while they load.
   * @param file a script that calls `serve`
   * @param data what each worker gets as `CrewMember.data`
   */
  static create(file: string | URL, data: unknown, workers: number): Crew {
    return new Crew(file, data, workers);
  }

  /** Workers and the calling thread. */
  get threads(): number {
    return this.#workers.length + 1;
  }

  /** Sends every worker a message, which it handles before it takes a chunk of any later job. */
  post(message: unknown): void {
    for (const worker of this.#workers) worker.postMessage(message);
    this.#control.wake();
  }

  /**
   * Runs a job of chunks 0 … chunks - 1; one job at a time, others queue.
   * @param handle does a chunk on the calling thread
   * @throws {RunError} when a worker has died
   */
  run(chunks: number, handle: (chunk: number) => Promise<void> | void, options: JobOptions): Promise<void> {
    const job = this.#last.then(() => this.#run(chunks, handle, options));
    this.#last = job.catch(() => undefined);
    return job;
  }

  async #run(
    chunks: number,
    handle: (chunk: number) => Promise<void> | void,
    { duplicate, parameters = [], meanwhile }: JobOptions,
  ): Promise<void> {
    if (chunks > MAX_CHUNKS) throw new RangeError(`${chunks} chunks, at most ${MAX_CHUNKS}`);
    this.#throwFailure();
    const control = this.#control;
    this.#stalled = false;
    const generation = control.publish(chunks, parameters);
    const work = async (chunk: number) => {
      await handle(chunk);
      control.finish(chunk, generation, 0);
    };
    try {
      meanwhile?.();
      // Chunks below `overdue` were claimed before this thread did a whole chunk, so they should be finished too.
      let overdue = 0;
      for (let chunk = this.#claim(); chunk !== undefined; chunk = this.#claim()) {
        overdue = chunk;
        await work(chunk);
      }
      for (let chunk = 0; chunk < chunks; chunk++) {
        const sleeps = duplicate ? (chunk < overdue ? 0 : PATIENCE) : Number.POSITIVE_INFINITY;
        if (await this.#finished(chunk, sleeps)) continue;
        overdue = chunks;
        await work(chunk);
      }
    } finally {
      control.withdraw();
    }
  }

  /** Who finished a chunk of the last job: 0 is the calling thread, others are `CrewMember.index`. */
  owner(chunk: number): number {
    return this.#control.owner(chunk);
  }

  /** Whether the calling thread had to wait long for a worker in the last job: the cores are not free. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** Lets the workers finish what they are doing and end; one that does not is stopped. */
  async close(): Promise<void> {
    this.#closed = true;
    process.off("exit", this.#onProcessExit);
    this.#control.close();
    const stop = new AbortController();
    const late = delay(GRACE_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.#ends), late]);
    stop.abort();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** The runtime aborts the process if a thread is stopped inside of it, so an exit waits for that to be over. */
  readonly #onProcessExit = (): void => {
    this.#control.close();
    for (const [i] of this.#workers.entries()) this.#control.awaitRest(i + 1, GRACE_MS);
  };

  /** Claims a chunk for the calling thread; undefined when none is left. */
  #claim(): number | undefined {
    for (let ticket = this.#control.ticket(); ticket & MAX_CHUNKS; ticket = this.#control.ticket()) {
      const claim = this.#control.claim(ticket);
      if (claim) return claim.chunk;
    }
    return undefined;
  }

  /** Waits for a chunk; between sleeps, events tell of a worker's death. */
  async #finished(chunk: number, sleeps: number): Promise<boolean> {
    if (this.#control.awaitFinish(chunk, SPINS, 0)) return true;
    for (let i = 0; i < sleeps; i++) {
      if (this.#control.awaitFinish(chunk, 0, SLEEP_MS)) return true;
      this.#stalled ||= i + 1 >= STALLED_SLEEPS;
      await nextTurn();
      this.#throwFailure();
    }
    return false;
  }

  #fail(got: string, cause?: unknown): void {
    if (this.#closed) return;
    this.#failure ??= new RunError({
      what: "A worker thread died",
      got,
      expected: "all threads to run until the end",
      todo: "Resume the run with hypercrl train --resume FOLDER, or use --threads 1.",
      cause,
    });
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure;
    if (this.#closed) throw new Error("The crew is closed.");
  }
}

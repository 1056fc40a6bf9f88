/** Numbers a job hands to its chunks. */
const PARAMETERS = 4;
/** Most chunks a job can have. */
export const MAX_CHUNKS = 1023;
/** Most workers of a crew. */
export const MAX_WORKERS = 254;

const REMAINING_BITS = 10;
const OWNER_BITS = 8;
const GENERATION_MASK = 2 ** (32 - REMAINING_BITS) - 1;

// Words of the block.
const TICKET = 0;
const CHUNKS = 1;
const CLOSED = 2;
const FIRST_PARAMETER = 3;
const STATUS = FIRST_PARAMETER + PARAMETERS;
const REST = STATUS + MAX_CHUNKS;
const WORDS = REST + MAX_WORKERS + 1;

/** A chunk somebody has taken on. */
export interface Claim {
  readonly chunk: number;
  readonly generation: number;
  readonly parameters: readonly number[];
}

/**
 * The shared memory through which a crew agrees on who does what. One word, the ticket, holds the job's generation
 * and how many chunks nobody has claimed; one status word per chunk holds the generation and who finished it (0
 * while unfinished, else owner + 1). Both change by compare-and-swap, so a thread that was descheduled for any
 * length of time can neither claim nor finish a chunk of a later job. (The generation wraps after 4 million jobs.)
 */
export class ControlBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(buffer = new SharedArrayBuffer(4 * WORDS)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  /** Starts a job; the one before must be finished or withdrawn. Returns its generation. */
  publish(chunks: number, parameters: readonly number[]): number {
    const words = this.#words;
    const generation = ((Atomics.load(words, TICKET) >>> REMAINING_BITS) + 1) & GENERATION_MASK;
    Atomics.store(words, CHUNKS, chunks);
    parameters.forEach((value, i) => {
      Atomics.store(words, FIRST_PARAMETER + i, value);
    });
    for (let c = 0; c < chunks; c++) Atomics.store(words, STATUS + c, generation << OWNER_BITS);
    Atomics.store(words, TICKET, (generation << REMAINING_BITS) | chunks);
    this.wake();
    return generation;
  }

  /** Wakes the workers that wait for a ticket. */
  wake(): void {
    Atomics.notify(this.#words, TICKET);
  }

  /** Takes back the chunks nobody has claimed. */
  withdraw(): void {
    const generation = Atomics.load(this.#words, TICKET) >>> REMAINING_BITS;
    Atomics.store(this.#words, TICKET, generation << REMAINING_BITS);
  }

  ticket(): number {
    return Atomics.load(this.#words, TICKET);
  }

  /** Blocks a worker until there may be something to do: looks `spins` times, then sleeps until woken. */
  awaitTicket(owner: number, spins: number): number {
    let ticket = this.ticket();
    for (let i = 0; i < spins && (ticket & MAX_CHUNKS) === 0; i++) ticket = this.ticket();
    if ((ticket & MAX_CHUNKS) !== 0) return ticket;
    this.rest(owner, true);
    if (!this.closed) Atomics.wait(this.#words, TICKET, ticket);
    this.rest(owner, false);
    return this.ticket();
  }

  /** Whether the workers shall end. */
  get closed(): boolean {
    return Atomics.load(this.#words, CLOSED) === 1;
  }

  /** Asks the workers to end as soon as they have finished what they are doing. */
  close(): void {
    this.withdraw();
    Atomics.store(this.#words, CLOSED, 1);
    // Another ticket, so that a worker that is about to sleep does not.
    this.publish(0, []);
  }

  /** Enters that a worker rests (or has ended): only then may its thread be stopped. */
  rest(owner: number, resting: boolean): void {
    Atomics.store(this.#words, REST + owner, resting ? 1 : 0);
    Atomics.notify(this.#words, REST + owner);
  }

  /** Sleeps up to `ms` until a worker rests. */
  awaitRest(owner: number, ms: number): void {
    Atomics.wait(this.#words, REST + owner, 0, ms);
  }

  /** Claims the next chunk if the ticket is still the one read. */
  claim(ticket: number): Claim | undefined {
    const remaining = ticket & MAX_CHUNKS;
    if (remaining === 0) return undefined;
    const words = this.#words;
    // Read before the swap: if it succeeds, the job has not changed since the ticket was read.
    const chunk = Atomics.load(words, CHUNKS) - remaining;
    const parameters = Array.from({ length: PARAMETERS }, (_, i) => Atomics.load(words, FIRST_PARAMETER + i));
    if (Atomics.compareExchange(words, TICKET, ticket, ticket - 1) !== ticket) return undefined;
    return { chunk, generation: ticket >>> REMAINING_BITS, parameters };
  }

  /** Enters a finished chunk, unless somebody else finished it first or the job is over. */
  finish(chunk: number, generation: number, owner: number): void {
    const pending = generation << OWNER_BITS;
    Atomics.compareExchange(this.#words, STATUS + chunk, pending, pending | (owner + 1));
    Atomics.notify(this.#words, STATUS + chunk);
  }

  /** Who finished a chunk of the current job; -1 while nobody has. */
  owner(chunk: number): number {
    return (Atomics.load(this.#words, STATUS + chunk) & (2 ** OWNER_BITS - 1)) - 1;
  }

  /** Looks `spins` times, then sleeps up to `ms` for a chunk to be finished; returns whether it is. */
  awaitFinish(chunk: number, spins: number, ms: number): boolean {
    for (let i = 0; i < spins; i++) if (this.owner(chunk) >= 0) return true;
    const status = Atomics.load(this.#words, STATUS + chunk);
    if (ms > 0 && this.owner(chunk) < 0) Atomics.wait(this.#words, STATUS + chunk, status, ms);
    return this.owner(chunk) >= 0;
  }
}

import { createRequire } from "node:module";
import { Crew } from "../threads/crew.js";
import type { Head, HeadPass } from "./head.js";
import { CHUNKS, type HeadShape } from "./layout.js";
import type { KernelInstructions } from "./module.js";

/** Passes by the number that tells a worker which one to make. */
export const PASSES: readonly HeadPass[] = ["forward", "backward", "lookAhead", "update"];

/** Passes made alone after a worker was waited for, which costs more than ten passes: doubled each time in a row. */
const SHORTEST_PAUSE = 64;
const LONGEST_PAUSE = 1024;

/** The head that workers are to work on from now on. */
export interface HeadMessage {
  readonly shape: HeadShape;
  readonly memory: WebAssembly.Memory;
  readonly instructions: KernelInstructions;
}

/** Numbers in W below which a pass is over before other threads could help much. */
const WORTH_SHARING = 1_000_000;

/** Whether the passes over a head are long enough to be shared. */
export function worthSharing({ hidden, columns }: Pick<HeadShape, "hidden" | "columns">): boolean {
  return (hidden + 1) * columns >= WORTH_SHARING;
}

/** Threads that share the chunks of a head's passes. Sums are kept by chunk, so results do not depend on them. */
export class HeadThreads {
  readonly #crew: Crew;
  /** Passes still to be made without the workers. */
  #alone = 0;
  #pause = SHORTEST_PAUSE;

  /** @param threads with the calling one */
  constructor(threads: number) {
    // Workers run the build also where sources are loaded as TypeScript.
    const file = createRequire(import.meta.url).resolve("#dist/agent/kernel/head-worker.js");
    this.#crew = Crew.create(file, undefined, threads - 1);
  }

  /** Hands the workers a head on a shared memory. */
  share(message: HeadMessage): void {
    this.#crew.post(message);
  }

  /** Makes a pass over the head shared last. @throws RunError when a worker has died */
  async run(head: Head, pass: HeadPass): Promise<void> {
    if (this.#alone > 0) {
      this.#alone--;
      for (let chunk = 0; chunk < CHUNKS; chunk++) head[pass](chunk);
      return;
    }
    // An update happens in place, so a chunk that a worker has begun must be left to it.
    await this.#crew.run(CHUNKS, (chunk) => head[pass](chunk), {
      duplicate: false,
      parameters: [PASSES.indexOf(pass)],
    });
    if (this.#crew.stalled) {
      this.#alone = this.#pause;
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
    } else this.#pause = SHORTEST_PAUSE;
  }

  close(): Promise<void> {
    return this.#crew.close();
  }
}

import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { ControlBlock } from "./control.js";
import type { CrewMember } from "./crew.js";

/** Looks at the ticket before sleeping, some hundred microseconds: waking a thread takes as long as a small job. */
const SPINS = 100_000;

/** What a worker does; an error ends the worker and fails the job. */
export interface Handlers {
  message(message: unknown): Promise<void> | void;
  /** @param parameters of the job, see `JobOptions` */
  chunk(chunk: number, parameters: readonly number[]): Promise<void> | void;
}

/** The data this worker was created with and its index, 1 … workers. */
export const member = workerData as CrewMember;

/** Works for the crew until it is closed. */
export async function serve(handlers: Handlers): Promise<void> {
  const control = new ControlBlock(member.control);
  for (;;) {
    // Messages posted before the job of this ticket are here by now; a claim with an older ticket fails.
    const ticket = control.awaitTicket(member.index, SPINS);
    if (control.closed) break;
    for (let next = receiveMessageOnPort(parentPort!); next; next = receiveMessageOnPort(parentPort!))
      await handlers.message(next.message);
    const claim = control.claim(ticket);
    if (claim === undefined) continue;
    await handlers.chunk(claim.chunk, claim.parameters);
    control.finish(claim.chunk, claim.generation, member.index);
  }
  control.rest(member.index, true);
}

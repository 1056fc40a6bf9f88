import { type MessagePort, parentPort } from "node:worker_threads";
import { HyperCrlError } from "../../sim/core/errors.js";
import type { Message, Reply } from "./call-thread.js";

/**
 * Answers the calls of a `CallThread`, one after another, until it is released.
 * @param answer what it throws is thrown to the caller
 * @param release frees what the thread holds
 */
export function answerCalls<Call>(
  answer: (call: Call) => Promise<unknown>,
  release: () => Promise<void>,
): void {
  const port = connect();
  let last: Promise<void> = Promise.resolve();
  port.on("message", (message: Message<Call>) => {
    last = last.then(async () => {
      if (message !== "release") return port.postMessage(await replyTo(() => answer(message.call)));
      await release();
      port.close();
    });
  });
}

async function replyTo(answer: () => Promise<unknown>): Promise<Reply> {
  try {
    return { result: await answer() };
  } catch (error) {
    if (error instanceof HyperCrlError) {
      return { failed: { ...error.details, cause: undefined }, exitCode: error.exitCode };
    }
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    return { broken: { message, stack } };
  }
}

/** The main thread's end of the line. */
function connect(): MessagePort {
  if (parentPort === null) throw new Error("Calls are answered on a thread of its own only.");
  return parentPort;
}

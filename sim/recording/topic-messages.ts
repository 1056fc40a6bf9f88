import type { ReadMcap } from "./mcap.js";

/** Messages on a topic, in file order. */
export function all(file: Pick<ReadMcap, "messages">, topic: string): readonly Uint8Array[] {
  return file.messages.get(topic) ?? [];
}

/** @throws Error unless there is exactly one message on the topic */
export function only(file: Pick<ReadMcap, "messages">, topic: string): Uint8Array {
  const messages = all(file, topic);
  const [message] = messages;
  if (message === undefined || messages.length > 1) {
    throw new Error(`${messages.length} messages on ${topic} instead of 1`);
  }
  return message;
}

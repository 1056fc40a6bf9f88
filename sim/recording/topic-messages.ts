import type { ReadMcap } from "./mcap.js";

/** Messages on a topic, in file order. */
export function messagesOn(file: Pick<ReadMcap, "messages">, topic: string): readonly Uint8Array[] {
  return file.messages.get(topic) ?? [];
}

/** The message on a topic that has one. @throws Error unless there is exactly one */
export function onlyMessageOn(file: Pick<ReadMcap, "messages">, topic: string): Uint8Array {
  const messages = messagesOn(file, topic);
  const [message] = messages;
  if (message === undefined || messages.length > 1) {
    throw new Error(`${messages.length} messages on ${topic} instead of 1`);
  }
  return message;
}

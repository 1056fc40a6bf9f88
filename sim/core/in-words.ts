import { inspect } from "node:util";

/** Letters of a value that a message has room for. */
const MOST = 80;

/** A value from outside as a message shows it: text in quotes, what is within an object only where it is short. */
export function inWords(value: unknown): string {
  const text =
    typeof value === "string"
      ? JSON.stringify(value)
      : inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY });
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}

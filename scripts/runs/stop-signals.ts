import { constants } from "node:os";

/** What asks a command to save and stop: Ctrl-C, `kill`, and what clusters send some time before a job's limit. */
export const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const;

/** Exit code of a process that ends because of a signal, as shells count: 128 and the signal's number. */
export function signalCode(name: unknown): number {
  const number = (constants.signals as Readonly<Record<string, number>>)[String(name)];
  return number === undefined ? 1 : 128 + number;
}

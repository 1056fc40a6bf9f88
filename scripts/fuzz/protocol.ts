/** What can come of a case. The first two are what a program should do with any input. */
export const OUTCOMES = ["refused", "harmless", "trace", "hang", "memory", "escaped"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A case to be done. */
export interface CaseRequest {
  readonly kind: string;
  readonly seed: number;
  readonly index: number;
}

/** What a process that does cases says: that it can begin, or what came of the case. */
export type CaseReply =
  | { readonly ready: true }
  | { readonly ready?: undefined; readonly outcome: Outcome; readonly detail?: string };

/** Most resident memory that a case may take, bytes. Reading the inputs as they are takes some 250 MiB. */
export const MEMORY_LIMIT = 1024 * 2 ** 20;
/** Longest time of a case, ms; one that does what it should takes some 20 ms on a free core. */
export const TIME_LIMIT_MS = 30_000;

import { GIB } from "../../sim/core/bytes.js";

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

/** What a case may take. */
export interface Limits {
  /** Resident memory of its process, bytes. */
  readonly bytes: number;
  readonly ms: number;
}

/**
 * Reading the inputs as they are takes some 250 MiB, and a case that does what it should takes some 20 ms on a free core.
 */
export const LIMITS: Limits = { bytes: GIB, ms: 30_000 };

/** What a process that does cases is started with, as JSON. */
export interface WorkerData {
  /** Folder of `makeInputs`. */
  readonly inputs: string;
  /** The process's own folder, for a copy of the inputs. */
  readonly folder: string;
  /** Module that exports the kinds of inputs as `kinds`. */
  readonly kinds: string;
  readonly limits: Limits;
}

import { performance } from "node:perf_hooks";
import { readTiming } from "../../agent/run/read-log.js";
import type { UsageRecord } from "../../agent/run/timing-records.js";
import { MIB } from "../../sim/core/bytes.js";
import { largest } from "../../sim/core/extremes.js";
import { peakBytes } from "./resident-memory.js";

/** What a run took of the machine. */
export interface Usage {
  /** Wall time of all processes that worked on the run, added up, ms. */
  readonly wallMs: number;
  /**
   * Processor time of all threads of all processes that worked on it, ms. Unlike wall time it does not count waiting
   * for a core that others use. Undefined for runs of versions that did not note it.
   */
  readonly cpuMs: number | undefined;
  /** Largest resident memory of any of them, MiB. */
  readonly peakMiB: number;
}

const EVERY_MS = 5000;

/**
 * Notes in a run's timing log what the process has used so far, again and again, so that of a killed process no more
 * than seconds are missing.
 */
export class UsageLog {
  readonly #emit: (record: UsageRecord) => void;
  readonly #started = performance.now();
  readonly #cpuStarted = process.cpuUsage();
  readonly #session = Date.now();
  #noted = this.#started;

  constructor(emit: (record: UsageRecord) => void) {
    this.#emit = emit;
  }

  /** Call often; writes every few seconds. */
  note(): void {
    if (performance.now() - this.#noted >= EVERY_MS) this.write();
  }

  write(): void {
    this.#noted = performance.now();
    // In microseconds, of all threads.
    const { user, system } = process.cpuUsage(this.#cpuStarted);
    this.#emit({
      type: "usage",
      session: this.#session,
      wallMs: Math.round(this.#noted - this.#started),
      cpuMs: Math.round((user + system) / 1000),
      peakMiB: Math.round(peakBytes() / MIB),
    });
  }
}

/** Usage of a run until now; undefined when its log holds none. @throws InputError when the log is damaged */
export function readUsage(folder: string): Usage | undefined {
  const records = readTiming(folder).filter((record) => record.type === "usage");
  if (records.length === 0) return undefined;
  const last = [...new Map(records.map((record) => [record.session, record])).values()];
  return {
    wallMs: last.reduce((sum, { wallMs }) => sum + wallMs, 0),
    cpuMs: last.every(({ cpuMs }) => cpuMs !== undefined)
      ? last.reduce((sum, { cpuMs = 0 }) => sum + cpuMs, 0)
      : undefined,
    peakMiB: largest(records.map(({ peakMiB }) => peakMiB)),
  };
}

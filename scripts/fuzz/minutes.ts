import { performance } from "node:perf_hooks";

/** Minutes since a moment of `performance.now()`. */
export const minutesSince = (started: number): number => (performance.now() - started) / 60_000;

/** Minutes to a tenth, as they are written to a file. */
export const toTenth = (minutes: number): number => Number(minutes.toFixed(1));

import type { Estimate } from "./estimate.js";
import { number } from "./text.js";
import type { Value } from "./value.js";

/** `[0.97, 1.02]` where there is an interval; of fewer seeds their range, `(0.98 … 1.01)`; nothing of one. */
export function intervalText(found: Omit<Estimate<Value>, "mean">, digits: number): string {
  const { low, high, n, lowest, highest } = found;
  if (low !== null && high !== null && Number.isFinite(low) && Number.isFinite(high)) {
    return `[${number(low, digits)}, ${number(high, digits)}]`;
  }
  return n > 1 ? `(${number(lowest, digits)} … ${number(highest, digits)})` : "";
}

/** `p 0.031`, `p < 0.001`; nothing where no test was made. */
export function pText(p: number | null): string {
  if (p === null || !Number.isFinite(p)) return "";
  return p < 0.001 ? "p < 0.001" : `p ${p.toFixed(3)}`;
}

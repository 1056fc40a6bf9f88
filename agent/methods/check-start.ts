import { UsageError } from "../../sim/core/errors.js";
import type { Settings } from "../settings/schema.js";

/**
 * Checks that a method does not start embeddings from learned ones, where it has no earlier embeddings to start from or goes on
 * changing them.
 * @throws UsageError for another `hypernetwork.start` than `random`
 */
export function checkDrawnStart({ method, hypernetwork: { start } }: Settings): void {
  if (start === "random") return;
  throw new UsageError({
    what: "Setting hypernetwork.start is not valid",
    got: `${start}, and method ${method}`,
    expected: "random with this method",
    todo: "Leave it out, or choose method hypercrl or chunked",
  });
}

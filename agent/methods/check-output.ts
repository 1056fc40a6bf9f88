import { UsageError } from "../../sim/core/errors.js";
import { largest, smallest } from "../../sim/core/extremes.js";
import { OUTPUTS, type OutputName } from "../model/outputs/outputs.js";
import type { Settings } from "../settings/schema.js";

/** What a method can learn that has no place for a base. */
export const WITHOUT_BASE: readonly OutputName[] = OUTPUTS.filter((output) => output !== "low-rank");

/**
 * Checks what the hypernetwork of a method generates.
 * @param outputs that the method can learn
 * @throws UsageError for another one, and for a rank or an algebra that says nothing about these networks
 */
export function checkOutput(
  { method, hypernetwork, dynamics }: Settings,
  outputs: readonly OutputName[] = OUTPUTS,
): void {
  const { output, rank, algebra } = hypernetwork;
  if (!outputs.includes(output)) {
    throw new UsageError({
      what: "Setting hypernetwork.output is not valid",
      got: `${output}, and method ${method}`,
      expected: `${outputs.join(" or ")} with this method`,
      todo: "Leave it out, or choose method hypercrl",
    });
  }
  const [widest, narrowest] = [largest(dynamics.hidden), smallest(dynamics.hidden)];
  if (output === "low-rank" && rank > widest) {
    throw tooLarge(
      "rank",
      rank,
      `${widest}, the size of the largest hidden layer`,
      "no weight matrix has a larger one",
    );
  }
  if (output === "hypercomplex" && algebra > narrowest) {
    const why = "a layer needs at least one component of each kind";
    throw tooLarge("algebra", algebra, `${narrowest}, the size of the smallest hidden layer`, why);
  }
}

function tooLarge(name: string, got: number, most: string, why: string): UsageError {
  return new UsageError({
    what: `Setting hypernetwork.${name} is out of range`,
    got: String(got),
    expected: `at most ${most} in dynamics.hidden`,
    todo: `Choose a smaller one: ${why}`,
  });
}

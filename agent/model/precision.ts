import { UsageError } from "../../sim/core/errors.js";
import type { MlpShape } from "./network.js";

/** Numbers that the layers between hidden layers are computed with where plans are rolled out. */
export const PRECISIONS = ["float32", "int8"] as const;

/**
 * `int8`: weights in 8 bits and activations in 256 steps, see `quantizedProduct`. The first and the last layer, derivatives, and whatever
 * else a model is asked stay float32.
 */
export type Precision = (typeof PRECISIONS)[number];

/**
 * The error of a planner or a network that cannot be planned with in int8.
 * @param got what it is
 * @param expected what could be planned with in int8
 */
export function refusedInt8(got: string, expected: string): UsageError {
  return new UsageError({
    what: "Setting planner.precision is not valid",
    got: `int8, and ${got}`,
    expected: `float32, or ${expected}`,
    todo: "Leave it out to plan in float32",
  });
}

/** @throws UsageError where a network has no layers that can be computed in int8 */
export function checkQuantizable({ sizes, blocks = 1, members = 1 }: MlpShape): void {
  const expected = "one network with two hidden layers or more, each of which reads all of the layer before";
  if (sizes.length < 4) throw refusedInt8(`hidden layers of ${sizes.slice(1, -1).join(", ")}`, expected);
  if (members > 1) throw refusedInt8(`an ensemble of ${members} networks`, expected);
  if (blocks > 1) throw refusedInt8(`hidden layers in ${blocks} blocks`, expected);
}

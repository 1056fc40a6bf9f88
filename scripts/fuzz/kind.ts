import { CommanderError } from "commander";
import type fc from "fast-check";
import { HyperCrlError } from "../../sim/core/errors.js";

/**
 * A kind of input: how cases of it are made, and what the program does with one. `Case` is what fast-check generates.
 */
export interface FuzzKind<Case = unknown> {
  readonly name: string;
  readonly cases: fc.Arbitrary<Case>;
  /** Paths inside the folder of inputs that a case may change, all of which are restored; without, everything is. */
  readonly changes?: readonly string[];
  /**
   * Puts a case into the folder of inputs and reads it as the program does.
   * @param folder see `makeInputs`; restored afterwards
   */
  run(folder: string, one: Case): Promise<void>;
}

/** Whether an error is one that was meant for a user. */
export function isRefusal(error: unknown): boolean {
  return error instanceof HyperCrlError || error instanceof CommanderError;
}

import { expect } from "vitest";
import { UsageError } from "../../../sim/core/errors.js";

/** The error of a call that must fail with a UsageError. */
export function usage(call: () => unknown): UsageError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).exitCode).toBe(2);
    return error as UsageError;
  }
  throw new Error("No error was thrown.");
}

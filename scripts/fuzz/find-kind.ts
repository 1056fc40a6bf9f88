import { findNamed } from "../../sim/core/one-of.js";
import type { FuzzKind } from "./kind.js";
import { kinds } from "./kinds.js";

/** @throws UsageError when there is none of that name */
export function findKind(name: string): FuzzKind {
  return findNamed("kind of input", name, kinds);
}

import { closest } from "fastest-levenshtein";
import { UsageError } from "./errors.js";

/** More names than this are counted in a message, not listed. */
const MOST_LISTED = 12;

/** Rejects a word that is not on a list. @throws UsageError with the nearest word */
export function oneOf<T extends string>(kind: string, name: string, known: readonly T[]): T {
  const found = known.find((one) => one === name);
  if (found !== undefined) return found;
  throw unknownName(kind, name, known);
}

/** The one of a name. @throws UsageError with the nearest name when there is none */
export function findNamed<T extends { readonly name: string }>(
  kind: string,
  name: string,
  among: readonly T[],
): T {
  const found = among.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw unknownName(
    kind,
    name,
    among.map((one) => one.name),
  );
}

function unknownName(kind: string, name: string, known: readonly string[]): UsageError {
  return new UsageError({
    what: `Unknown ${kind}`,
    got: `"${name}"`,
    expected: known.length > MOST_LISTED ? `one of ${known.length} names` : `one of ${known.join(", ")}`,
    ...(known.length > 0 && { todo: `Did you mean "${closest(name, [...known])}"?` }),
  });
}

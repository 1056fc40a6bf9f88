import { closest, distance } from "fastest-levenshtein";
import { type ErrorDetails, UsageError } from "./errors.js";

/** More names than this are counted in a message, not listed. */
const MOST_LISTED = 16;

/**
 * Rejects a word that is not on a list.
 * @param todo what to do where no word of the list is near
 * @throws UsageError with the nearest word when one is near
 */
export function oneOf<T extends string>(kind: string, name: string, known: readonly T[], todo?: string): T {
  const found = known.find((one) => one === name);
  if (found !== undefined) return found;
  throw unknownName(kind, name, known, todo);
}

/** The one of a name. @throws UsageError with the nearest name, if one is near, when there is none */
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

/**
 * What to do about a name that is not known: take the nearest one, where one is near enough to have been meant, or those of groups
 * that end in it, such as `hypernetwork.beta` for `beta`.
 */
export function didYouMean(name: string, known: readonly string[]): Pick<ErrorDetails, "todo"> {
  const near = known.filter((one) => isNear(name, one));
  const inGroups = known.filter((one) => one.endsWith(`.${name}`));
  const meant = inGroups.length > 0 || near.length === 0 ? inGroups : [closest(name, near)];
  if (meant.length === 0) return {};
  return { todo: `Did you mean ${meant.map((one) => `"${one}"`).join(" or ")}?` };
}

/** A third of the letters may be wrong, one in any case; or all of them are right and in another order. */
function isNear(name: string, known: string): boolean {
  const letters = (text: string) => [...text].sort().join("");
  if (letters(name) === letters(known)) return true;
  return distance(name, known) <= Math.max(1, Math.min(name.length, known.length) / 3);
}

function unknownName(kind: string, name: string, known: readonly string[], todo?: string): UsageError {
  return new UsageError({
    what: `Unknown ${kind}`,
    got: `"${name}"`,
    expected: known.length > MOST_LISTED ? `one of ${known.length} names` : `one of ${known.join(", ")}`,
    ...(todo !== undefined && { todo }),
    ...didYouMean(name, known),
  });
}

/** Deepest nesting of arrays and objects in a document; those of hypercrl have fewer than ten levels. */
const DEEPEST = 100;

/**
 * Parses JSON that somebody else may have written. Deeper nesting than any of our documents has is refused, because what
 * goes through a value level by level would run out of stack.
 * @throws SyntaxError when the text is not JSON or nests too deep
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // A text without so many opening brackets cannot nest so deep, and most have none or few.
  if (countOpenings(text) > DEEPEST && depthOf(value) > DEEPEST)
    throw new SyntaxError(`More than ${DEEPEST} levels of arrays and objects in one another`);
  return value;
}

function countOpenings(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length && count <= DEEPEST; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) count++;
  }
  return count;
}

/** Levels of arrays and objects in a value, counted to one more than are allowed. */
function depthOf(value: unknown): number {
  let level = [value].filter(isNesting);
  let depth = 0;
  for (; level.length > 0 && depth <= DEEPEST; depth++) {
    level = level.flatMap((each): unknown[] => Object.values(each)).filter(isNesting);
  }
  return depth;
}

function isNesting(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

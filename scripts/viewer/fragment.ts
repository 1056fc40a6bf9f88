import type { EpisodeRef } from "./payload.js";

/** What follows the page's address to name the episodes shown: `#0/a.mcap`, of two `#0/a.mcap&1/b.mcap`. */
export function fragmentOf(refs: readonly EpisodeRef[]): string {
  return `#${refs.map(({ source, file }) => `${source}/${encodeURIComponent(file)}`).join("&")}`;
}

/**
 * The episodes that a fragment names, whether there are such or not; none for an empty one.
 * @throws Error with a message for people
 */
export function refsIn(fragment: string): EpisodeRef[] {
  const text = fragment.replace(/^#/, "");
  const refs = text === "" ? [] : text.split("&").map(refIn);
  if (refs.length <= 2 && refs.every((ref) => ref !== undefined)) return refs;
  throw new Error(`The address ends in #${text}; expected #0/NAME.mcap, or two such names with & between`);
}

function refIn(part: string): EpisodeRef | undefined {
  const [, source, file] = /^(\d+)\/(.+)$/.exec(part) ?? [];
  if (file === undefined) return undefined;
  try {
    return { source: Number(source), file: decodeURIComponent(file) };
  } catch {
    return undefined;
  }
}

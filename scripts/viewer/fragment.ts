import type { EpisodeRef } from "./payload.js";

/** What a fragment asks for. */
export interface Asked {
  /** At most two episodes, whether there are such or not. */
  readonly refs: readonly EpisodeRef[];
  /** Whether they are to play at once. */
  readonly play: boolean;
}

const PLAY = "play";

/**
 * What follows the page's address to name the episodes shown: `#0/a.mcap`, of two `#0/a.mcap&1/b.mcap`; with `&play` behind
 * they play at once.
 */
export function fragmentOf(refs: readonly EpisodeRef[], play = false): string {
  const names = refs.map(({ source, file }) => `${source}/${encodeURIComponent(file)}`);
  return `#${[...names, ...(play ? [PLAY] : [])].join("&")}`;
}

/**
 * What a fragment asks for; no episodes for an empty one.
 * @throws Error with a message for people
 */
export function readFragment(fragment: string): Asked {
  const text = fragment.replace(/^#/, "");
  const parts = text === "" ? [] : text.split("&");
  const play = parts.length > 1 && parts.at(-1) === PLAY;
  const refs = (play ? parts.slice(0, -1) : parts).map(refIn);
  if (refs.length <= 2 && refs.every((ref) => ref !== undefined)) return { refs, play };
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

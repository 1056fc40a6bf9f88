import { basename } from "node:path";
import { readPlayable } from "../../sim/recording/salvage.js";
import { encodeEpisode } from "./encode.js";
import { summaryRow } from "./episode-catalog.js";
import type { EpisodePayload, EpisodeRow } from "./payload.js";

/** An episode as a page holds it: its line in the list, and what is played. */
export interface EmbeddedEpisode {
  readonly row: EpisodeRow;
  readonly payload: EpisodePayload;
}

/** Reads one episode for a page that holds it. @throws InputError when nothing of it can be played */
export function embedEpisode(path: string, source: number): EmbeddedEpisode {
  const ref = { source, file: basename(path) };
  const payload = encodeEpisode(ref, readPlayable(path));
  return { row: { ...ref, ...summaryRow(path) }, payload };
}

import { largest } from "../../sim/core/extremes.js";
import type { EpisodeRef, EpisodeRow } from "./payload.js";

/** What a path names: a file, or a whole folder. */
export interface Given {
  readonly source: number;
  readonly file: string | undefined;
}

/** The best episode of a folder's last evaluation, or the best of all. */
function best(rows: readonly EpisodeRow[]): EpisodeRow | undefined {
  const playable = rows.filter(({ problem }) => problem === undefined);
  const evaluated = playable.filter(({ phase }) => phase === "evaluate");
  const last = largest(evaluated.map(({ afterTask }) => afterTask!));
  const candidates = evaluated.length > 0 ? evaluated.filter((r) => r.afterTask === last) : playable;
  return candidates.toSorted((a, b) => b.return! - a.return!)[0];
}

/** Fields in which the counterpart of an episode in another run is like it, the most important first. */
const ALIKE = ["task", "phase", "afterTask", "seed"] as const;

/** The episode most like another one: in as many of `ALIKE` as can be, in order. */
function counterpart(of: EpisodeRow, rows: readonly EpisodeRow[]): EpisodeRow | undefined {
  let left = rows.filter(({ problem }) => problem === undefined);
  for (const key of ALIKE) {
    const alike = left.filter((row) => row[key] === of[key]);
    if (alike.length > 0) left = alike;
  }
  return left[0];
}

/** Which episodes to open for the paths given: files as they are, of a second run the counterpart of the first. */
export function chooseOpen(given: readonly Given[], rows: readonly EpisodeRow[]): EpisodeRef[] {
  const open: EpisodeRow[] = [];
  for (const { source, file } of given) {
    const own = rows.filter((row) => row.source === source);
    const named = own.find((row) => row.file === file);
    const [first] = open;
    const chosen = named ?? (first === undefined ? best(own) : counterpart(first, own)) ?? own[0];
    if (chosen !== undefined) open.push(chosen);
  }
  return open.map(({ source, file }) => ({ source, file }));
}

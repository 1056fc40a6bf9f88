import { basename, join } from "node:path";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { InputError } from "../../sim/core/errors.js";
import { type EmbeddedEpisode, embedEpisode } from "../viewer/embed.js";
import { fragmentOf } from "../viewer/fragment.js";
import type { EmbeddedData, EpisodeRef } from "../viewer/payload.js";
import type { EpisodeRow, ReportData, RunRow } from "./data.js";

/** What the episodes beside a report may take: about a hundred of push, eighty of doors. */
const MOST_BYTES = 12e6;

/** What a page that cannot hold all rather holds. */
const PREFERENCE: readonly EpisodeRow["which"][] = ["best", "last", "worst"];

export interface Playable {
  /** The report with links to the page of episodes. */
  readonly data: ReportData;
  /** What that page holds; undefined when nothing can be played. */
  readonly embedded: EmbeddedData | undefined;
}

/** A recording that is listed and there: run, 0-based, and path. */
interface Kept {
  readonly run: number;
  readonly path: string;
}

/**
 * Reads the listed episodes for a page that plays them.
 * @param page its name, beside the report
 * @param most about how many bytes of episodes it may hold; the first is held in any case
 */
export function makePlayable(data: ReportData, page: string, most = MOST_BYTES): Playable {
  const kept = keptRecordings(data.runs);
  const { episodes, leftOut } = readUpTo(most, kept);
  if (episodes.length === 0) return { data, embedded: undefined };
  const sources = [...new Set(episodes.map(({ row }) => row.source))].sort((a, b) => a - b);
  const held = episodes.map(({ row, payload }) => {
    const source = sources.indexOf(row.source);
    return { row: { ...row, source }, payload: { ...payload, source } };
  });
  const { source, file } = firstOf(held, "episodes").row;
  const index = {
    sources: sources.map((run) => {
      const { label, seed } = elementAt(data.runs, run, "runs");
      return `${label}, seed ${seed}`;
    }),
    episodes: held.map(({ row }) => row).sort((a, b) => a.source - b.source || (a.file < b.file ? -1 : 1)),
    runs: [],
    open: [{ source, file }],
  };
  const runs = data.runs.map((run, i) => withLinks(run, sources.indexOf(i), index.episodes, page));
  return {
    data: { ...data, runs, episodesPage: { file: page, episodes: held.length, leftOut } },
    embedded: { index, episodes: held.map(({ payload }) => payload) },
  };
}

/** Every recording once, the first seed of each method before the second, and in it by preference. */
function keptRecordings(runs: readonly RunRow[]): Kept[] {
  const listed = runs.flatMap(({ label, folder, episodes }, run) => {
    const seedsBefore = runs.slice(0, run).filter((other) => other.label === label).length;
    return episodes
      .filter(({ link }) => link !== null)
      .map(({ which, recording }) => {
        return { run, path: join(folder, recording), seedsBefore, rank: PREFERENCE.indexOf(which) };
      });
  });
  listed.sort((a, b) => a.seedsBefore - b.seedsBefore || a.rank - b.rank);
  return [...new Map(listed.map((one) => [one.path, one])).values()];
}

function readUpTo(most: number, kept: readonly Kept[]): { episodes: EmbeddedEpisode[]; leftOut: number } {
  const episodes: EmbeddedEpisode[] = [];
  let bytes = 0;
  for (const [i, { run, path }] of kept.entries()) {
    const episode = embeddedOrNone(path, run);
    if (episode === undefined) continue;
    bytes += JSON.stringify(episode).length;
    if (bytes > most && episodes.length > 0) return { episodes, leftOut: kept.length - i };
    episodes.push(episode);
  }
  return { episodes, leftOut: 0 };
}

/** A damaged recording is no reason to make no report: `hypercrl view` says what is wrong with it. */
function embeddedOrNone(path: string, run: number): EmbeddedEpisode | undefined {
  try {
    return embedEpisode(path, run);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function withLinks(run: RunRow, source: number, held: readonly EpisodeRef[], page: string): RunRow {
  const refOf = ({ recording }: EpisodeRow) =>
    held.find((ref) => ref.source === source && ref.file === basename(recording));
  const linkTo = (...refs: readonly EpisodeRef[]) => `${encodeURIComponent(page)}${fragmentOf(refs, true)}`;
  const episodes = run.episodes.map((row): EpisodeRow => {
    const own = refOf(row);
    if (own === undefined) return row;
    const best = run.episodes.find(({ which, task }) => which === "best" && task === row.task);
    const first = best && refOf(best);
    const compare = first === undefined || first === own ? null : linkTo(first, own);
    return { ...row, play: linkTo(own), compare };
  });
  return { ...run, episodes };
}

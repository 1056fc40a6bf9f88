import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { RECORDINGS } from "../../agent/run/recording-names.js";
import { isRunFolder } from "../../agent/run/run-files.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { InputError } from "../../sim/core/errors.js";
import { type EpisodeSummary, readPlayable, readSummary } from "../../sim/recording/salvage.js";
import { episodesAt } from "../runs/episode-files.js";
import { chooseOpen } from "./choose-open.js";
import { encodeEpisode } from "./encode.js";
import type { WatchedRun } from "./live-feed.js";
import type { EpisodePayload, EpisodeRef, EpisodeRow, ViewerIndex } from "./payload.js";

interface Source {
  /** For people. */
  readonly label: string;
  /** Real path of the folder with the episodes. */
  readonly folder: string;
}

/** Why a request for a file gets none. */
export type Refusal = "outside" | "missing";

/** The episodes of one or two runs, read when asked for. */
export class EpisodeCatalog {
  readonly #sources: readonly Source[];
  /** What the paths given name: a file of a source, or all of it. */
  readonly #given: readonly { readonly source: number; readonly file: string | undefined }[];
  readonly #summaries = new Map<
    string,
    { readonly changed: number; readonly row: Omit<EpisodeRow, "source"> }
  >();

  /**
   * @param paths run folders, also of runs that have just begun, folders of episodes, or episodes; an episode brings
   *   those beside it along
   * @throws InputError when a path is neither
   */
  constructor(paths: readonly string[]) {
    const sources: Source[] = [];
    this.#given = paths.map((path) => {
      const folder = realpathSync(
        hasRecordings(path) ? join(path, RECORDINGS) : dirname(firstOf(episodesAt(path), "episodes")),
      );
      const isFile = !statSync(path).isDirectory();
      if (isFile) checkGiven(path, folder);
      const known = sources.findIndex((s) => s.folder === folder);
      const source = known === -1 ? sources.push({ label: labelOf(folder), folder }) - 1 : known;
      return { source, file: isFile ? basename(path) : undefined };
    });
    this.#sources = sources;
  }

  /** Every episode there is now: a run that goes on has more each time. */
  index(): ViewerIndex {
    const episodes = this.#sources.flatMap(({ folder }, source) =>
      this.#files(source).map((file) => ({ source, ...this.#row(folder, file) })),
    );
    const sources = this.#sources.map(({ label }) => label);
    const runs = this.runs.map(({ source }) => source);
    return { sources, episodes, open: chooseOpen(this.#given, episodes), runs };
  }

  /** Whether all of a source was given, not only episodes of it. */
  givenWhole(source: number): boolean {
    return this.#given.some((given) => given.source === source && given.file === undefined);
  }

  /** Runs given as a whole: who names an episode wants that one and not what the run does next. */
  get runs(): WatchedRun[] {
    return this.#sources.flatMap(({ folder }, source) => {
      const run = dirname(folder);
      return this.givenWhole(source) && basename(folder) === RECORDINGS && isRunFolder(run)
        ? [{ source, folder: run }]
        : [];
    });
  }

  /** The path of an episode. */
  locate({ source, file }: EpisodeRef): { readonly path: string } | Refusal {
    const folder = this.#sources[source]?.folder;
    if (folder === undefined) return "missing";
    const path = resolve(folder, file);
    if (leadsOut(folder, path)) return "outside";
    return this.#files(source).includes(file) && existsSync(path) ? { path } : "missing";
  }

  /**
   * Reads an episode.
   * @throws InputError when nothing of it can be played
   */
  episode(ref: EpisodeRef): EpisodePayload | Refusal {
    const found = this.locate(ref);
    return typeof found === "string" ? found : encodeEpisode(ref, readPlayable(found.path));
  }

  #files(source: number): string[] {
    const { folder } = elementAt(this.#sources, source, "sources");
    const named = this.#given.filter((g) => g.source === source).flatMap(({ file }) => file ?? []);
    const recorded = (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.endsWith(".mcap"));
    return [...new Set([...recorded, ...named])].sort();
  }

  #row(folder: string, file: string): Omit<EpisodeRow, "source"> {
    const path = join(folder, file);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const known = this.#summaries.get(path);
    if (known?.changed === changed) return known.row;
    const row = { file, ...(leadsOut(folder, path) ? { problem: LINK_OUT } : summaryRow(path)) };
    this.#summaries.set(path, { changed, row });
    return row;
  }
}

/** Why a link is neither read nor shown: who sends a folder must not choose what is read beside it. */
const LINK_OUT = "a link that leads out of the folder";

/** Whether a path is outside a folder, or a link to something there. @param folder its real path */
function leadsOut(folder: string, path: string): boolean {
  const isIn = (place: string) => place.startsWith(folder + sep);
  return !isIn(path) || (existsSync(path) && !isIn(realpathSync(path)));
}

/** @throws InputError when an episode given cannot be shown */
function checkGiven(path: string, folder: string): void {
  if (leadsOut(folder, join(folder, basename(path)))) {
    throw new InputError({
      what: `Cannot show ${path}`,
      got: `${LINK_OUT}, to ${realpathSync(path)}`,
      expected: "an episode in its folder",
      todo: "Give the path that it leads to",
    });
  }
  readSummary(path);
}

/** A run's episodes lie in its folder `episodes`. */
function labelOf(folder: string): string {
  return basename(folder) === RECORDINGS ? basename(dirname(folder)) : basename(folder);
}

/** What the list shows of an episode, or why it cannot be played. */
export function summaryRow(path: string): Omit<EpisodeRow, "source" | "file"> {
  let summary: EpisodeSummary;
  try {
    summary = readSummary(path);
  } catch (error) {
    if (error instanceof InputError) return { problem: error.details.got ?? error.details.what };
    throw error;
  }
  const { settingsHash: _, versions: __, ...header } = summary.header;
  return { ...header, ...summary.totals, complete: summary.complete };
}

/** Whether a path is a run whose episodes can be shown, also one that has none yet. */
function hasRecordings(path: string): boolean {
  return isRunFolder(path) && existsSync(join(path, RECORDINGS));
}

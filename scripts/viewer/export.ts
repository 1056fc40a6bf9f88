import { createHash } from "node:crypto";
import { InputError } from "../../sim/core/errors.js";
import { readAsset } from "./assets.js";
import type { EpisodeCatalog } from "./episode-catalog.js";
import type { EmbeddedData, EpisodePayload, EpisodeRef, EpisodeRow } from "./payload.js";

/**
 * The page with styles, script and episodes inside: opens from disk and asks for nothing.
 * @param generator what made it, e.g. `hypercrl 0.1.0 view`
 */
export function exportedPage(data: EmbeddedData, generator: string): string {
  const style = readAsset("page.css");
  const script = readAsset("main.js").replaceAll("</script", "<\\/script");
  const policy = `default-src 'none'; script-src '${hashSource(script)}'; style-src '${hashSource(style)}'; img-src data: blob:; base-uri 'none'`;
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  const replacements = {
    "<!--policy-->": `<meta name="generator" content="${generator}"><meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<link rel="stylesheet" href="page.css">': `<style>${style}</style>`,
    '<script defer src="main.js"></script>': "",
    "<!--end-->": `<script type="application/json" id="embedded">${json}</script><script>${script}</script>`,
  };
  let page = readAsset("page.html");
  for (const [mark, text] of Object.entries(replacements)) {
    if (!page.includes(mark)) throw new Error(`page.html has no ${mark}`);
    page = page.replace(mark, () => text);
  }
  return page;
}

function hashSource(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

/**
 * What an exported page holds: the episodes given; of a run the first episode of every task, phase and moment, which
 * have the same start where they can. Recordings of a run that cannot be played are left out.
 * @param most characters of packed numbers in it
 * @throws InputError when an episode given cannot be played, none can, or all together are too much for one page
 */
export function embeddedData(catalog: EpisodeCatalog, most = MOST_CHARACTERS): EmbeddedData {
  const index = catalog.index();
  const ofRuns = index.episodes.filter(({ source }) => catalog.givenWhole(source));
  const wanted = [...index.open, ...firstOfEach(ofRuns)];
  let length = 0;
  const held = index.episodes
    .filter((row) => row.problem === undefined && wanted.some((other) => isSame(row, other)))
    .flatMap((row) => {
      const payload = playable(catalog, row);
      if (payload === undefined) return [];
      length += packedLength(payload);
      if (length > most) throw tooLong(length, most);
      return [{ row, payload }];
    });
  if (held.length === 0) {
    throw new InputError({
      what: "No episode can be played",
      got: `${index.episodes.length} recordings in ${index.sources.join(", ")}`,
      expected: "at least one whose beginning is whole",
      todo: "Give a run that has recorded an episode",
    });
  }
  const rows = held.map(({ row }) => row);
  const open = index.open.filter((o) => rows.some((row) => isSame(row, o)));
  return {
    index: { ...index, episodes: rows, runs: [], open: open.length > 0 ? open : rows.slice(0, 1) },
    episodes: held.map(({ payload }) => payload),
  };
}

/** Characters of the packed numbers of a page. A text of twice as many is more than the runtime can make. */
const MOST_CHARACTERS = 2 ** 28;

function packedLength(episode: EpisodePayload): number {
  const { poses, observation, action, measures, plans, beliefs, taskPlans } = episode;
  const ofPlans = [plans?.paths, plans?.expected, taskPlans?.paths, beliefs?.probabilities];
  const packed = [poses, observation, action, measures, ...ofPlans.map((text) => text ?? "")];
  return packed.reduce((sum, text) => sum + text.length, 0);
}

function tooLong(length: number, most: number): InputError {
  return new InputError({
    what: "The episodes are too much for one page",
    got: `at least ${(length / 1e6).toFixed(1)} MB`,
    expected: `at most ${(most / 1e6).toFixed(1)} MB`,
    todo: "Export single episodes",
  });
}

const isSame = (a: EpisodeRef, b: EpisodeRef) => a.source === b.source && a.file === b.file;

function playable(catalog: EpisodeCatalog, row: EpisodeRow): EpisodePayload | undefined {
  try {
    const episode = catalog.episode(row);
    return typeof episode === "object" ? episode : undefined;
  } catch (error) {
    if (error instanceof InputError && catalog.givenWhole(row.source)) return undefined;
    throw error;
  }
}

function firstOfEach(episodes: readonly EpisodeRow[]): EpisodeRow[] {
  const groups = new Map<string, EpisodeRow>();
  for (const row of episodes) {
    const group = JSON.stringify([row.source, row.task, row.phase, row.afterTask]);
    if (!groups.has(group)) groups.set(group, row);
  }
  return [...groups.values()];
}

import { createHash } from "node:crypto";
import { readAsset } from "./assets.js";
import type { Catalog } from "./catalog.js";
import type { EmbeddedData, EpisodePayload, EpisodeRef, EpisodeRow, ViewerIndex } from "./payload.js";

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
 * have the same start where they can.
 */
export function embeddedData(catalog: Catalog, wholeRun: boolean): EmbeddedData {
  const index = catalog.index();
  const chosen = wholeRun ? firstOfEach(index) : index.open;
  const isOpen = (row: EpisodeRef) => index.open.some((o) => o.source === row.source && o.file === row.file);
  const isChosen = (row: EpisodeRef) => chosen.some((c) => c.source === row.source && c.file === row.file);
  const rows = index.episodes.filter((row) => row.problem === undefined && (isOpen(row) || isChosen(row)));
  const episodes = rows
    .map((row) => catalog.episode(row))
    .filter((e): e is EpisodePayload => typeof e === "object");
  return { index: { ...index, episodes: rows, runs: [] }, episodes };
}

function firstOfEach({ episodes }: ViewerIndex): EpisodeRow[] {
  const groups = new Map<string, EpisodeRow>();
  for (const row of episodes) {
    const group = JSON.stringify([row.source, row.task, row.phase, row.afterTask]);
    if (!groups.has(group)) groups.set(group, row);
  }
  return [...groups.values()];
}

import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { makeFolder, writeFileSafely } from "../../../sim/core/files.js";
import { COMMAND_LINE } from "../../cli/command-line.js";
import { sweepView } from "../../cli/sweep-view.js";
import { PLAIN_WIDTH } from "../../compare/text.js";
import { localEngine } from "../../sweep/local-engine.js";
import { manifestPath, readManifest } from "../../sweep/manifest-file.js";
import { runSweep } from "../../sweep/sweep.js";
import { GRIDS, type Grid, RESULTS, readGrid, reportedSeeds } from "./grid.js";
import { choiceTable, tuningPage } from "./page.js";
import { checkManifest, type Found, readResults } from "./results.js";

/** The grid of a suite. @param root of the repository */
export function gridOf(suite: string, root: string): Grid {
  return readGrid(join(root, GRIDS, `${suite}.json`), reportedSeeds(join(root, RESULTS)));
}

/** Where the results of a grid are committed. */
function resultsFolder(suite: string, root: string): string {
  return join(root, RESULTS, "tuning", suite);
}

/** The page of a suite as its grid and its committed results have it. */
export function pageOf(suite: string, root: string): string {
  const grid = gridOf(suite, root);
  const folder = resultsFolder(suite, root);
  return tuningPage(suite, grid, existsSync(manifestPath(folder)) ? found(grid, folder) : undefined);
}

function found(grid: Grid, folder: string): Found {
  const manifest = readManifest(folder);
  checkManifest(grid, manifest, manifestPath(folder));
  return { manifest, results: readResults(join(folder, "sweep-results.json")) };
}

/** Writes the page of a suite. */
export function writePage(suite: string, root: string): void {
  writeFileSafely(join(root, GRIDS, `${suite}.md`), pageOf(suite, root));
}

/**
 * Makes the runs of a suite's grid that are not finished in `out`, and keeps what they came to.
 * @param jobs runs at a time
 * @param say prints a line on how far it is
 * @returns what is chosen for each method
 */
export async function tune(
  suite: string,
  { out, jobs, root }: { readonly out: string; readonly jobs: number; readonly root: string },
  say: (text: string) => void,
): Promise<string> {
  await runSweep({
    out,
    choice: gridOf(suite, root).choice,
    resume: existsSync(manifestPath(out)),
    commandLine: COMMAND_LINE,
    engine: localEngine(jobs),
    // Ctrl-C ends this process, which the runs notice; they save and stop.
    signal: new AbortController().signal,
    view: sweepView({ out: say, columns: () => PLAIN_WIDTH, live: undefined, now: () => performance.now() }),
  });
  return keepResults(suite, out, root);
}

/** Copies what a sweep over a suite's grid found to where results are committed, and writes the page. */
export function keepResults(suite: string, out: string, root: string): string {
  const grid = gridOf(suite, root);
  const figures = found(grid, out);
  const folder = resultsFolder(suite, root);
  makeFolder(folder);
  for (const name of ["sweep.json", "sweep-results.json"]) copyFileSync(join(out, name), join(folder, name));
  writePage(suite, root);
  return choiceTable(grid, figures);
}

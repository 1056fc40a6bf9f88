import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { RECORDINGS } from "../../agent/run/recording-names.js";
import { InputError } from "../../sim/core/errors.js";
import { isThere } from "../../sim/core/system-errors.js";

/** An episode's path as it is, or all episodes of a run folder, sorted. @throws InputError when there are none */
export function episodesAt(path: string): string[] {
  if (!isThere(path)) {
    throw new InputError({
      what: `${path} is missing`,
      got: "no file or folder there",
      expected: "an episode (.mcap) or a run folder",
      todo: "Check the path",
    });
  }
  if (!statSync(path).isDirectory()) return [path];
  const inside = join(path, RECORDINGS);
  const folder = isThere(inside) ? inside : path;
  const files = readdirSync(folder).filter((name) => name.endsWith(".mcap"));
  if (files.length > 0) return files.sort().map((name) => join(folder, name));
  throw new InputError({
    what: `Folder ${path} holds no episodes`,
    got: `${readdirSync(folder).length} other files or folders`,
    expected: `a run folder with ${RECORDINGS}/*.mcap`,
    todo: "Check the path, or wait for the run's first episode",
  });
}

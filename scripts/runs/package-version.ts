import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of this package, which holds its package.json. */
export function packageFolder(): string {
  // Sources run from scripts/, the build from dist/scripts/: the first package.json upwards is ours in both.
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** Version of this package, from its package.json. */
export function packageVersion(): string {
  return readVersion(join(packageFolder(), "package.json"));
}

/** The version in a package.json. */
export function readVersion(path: string): string {
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The files of the page, as `npm run build` bundles them. */
export const ASSETS = ["page.html", "page.css", "main.js"] as const;
export type Asset = (typeof ASSETS)[number];

/** The text of one of the page's files, found also when the sources run unbuilt. */
export function readAsset(name: Asset): string {
  return readFileSync(require.resolve(`#dist/scripts/viewer/page/${name}`), "utf8");
}

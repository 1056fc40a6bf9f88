import { existsSync } from "node:fs";

/** The path itself, or the first of `path-2`, `path-3`, … that is free. */
export function freeFolder(path: string): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? path : `${path}-${n}`;
    if (!existsSync(candidate)) return candidate;
  }
}

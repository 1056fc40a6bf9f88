import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { init, parse } from "es-module-lexer";

/**
 * SHA-256 of a module's file and of all that it imports by relative paths, and so on from there, by their path from the
 * module's folder. Packages, what is imported by a computed name and files that a module reads are not in it.
 */
export async function moduleHashes(path: string): Promise<Record<string, string>> {
  await init;
  const folder = dirname(resolve(path));
  const hashes = new Map<string, string>();
  const queue = [resolve(path)];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    const name = relative(folder, file).split(sep).join("/") || basename(file);
    if (hashes.has(name) || !existsSync(file)) continue;
    const bytes = readFileSync(file);
    hashes.set(name, createHash("sha256").update(bytes).digest("hex"));
    queue.push(...relativeImports(bytes.toString("utf8"), file));
  }
  return Object.fromEntries([...hashes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function relativeImports(source: string, file: string): string[] {
  return specifiers(source)
    .filter((specifier) => /^\.{1,2}\//.test(specifier))
    .map((specifier) => fileURLToPath(new URL(specifier, pathToFileURL(file))));
}

/** What a file imports; nothing where it is not JavaScript, such as JSON. */
function specifiers(source: string): string[] {
  try {
    const [imports] = parse(source);
    return imports.flatMap(({ n }) => (n === undefined ? [] : [n]));
  } catch {
    return [];
  }
}

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A fenced block of shell commands. */
export interface CommandBlock {
  /** One command each, without its comment. */
  readonly commands: readonly string[];
  /** Why it is not run, from a comment `<!-- not run: … -->` above it. */
  readonly notRun: string | undefined;
  /** The JSON block before it, for commands that read a file. */
  readonly json: string | undefined;
}

const GENERATED = /^docs\/(results|api)\//;

/** Paths of all pages that people read, from the repository's root. */
export const pages: readonly string[] = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
  ...(readdirSync("docs", { recursive: true, encoding: "utf8" }) as string[])
    .map((name) => join("docs", name))
    .filter((path) => path.endsWith(".md") && !GENERATED.test(path))
    .sort(),
].filter((path) => existsSync(path));

const BLOCK = /(?:<!-- not run: ([^\n]+?) -->\n+)?```(sh|json)\n([\s\S]*?)```/g;

/** The blocks of commands of a page, in order. */
export function commandBlocks(page: string): CommandBlock[] {
  const blocks: CommandBlock[] = [];
  let json: string | undefined;
  for (const [, notRun, language, text] of readFileSync(page, "utf8").matchAll(BLOCK)) {
    if (language === "json") json = text;
    else
      blocks.push({ commands: (text ?? "").split("\n").map(withoutComment).filter(Boolean), notRun, json });
  }
  return blocks;
}

const withoutComment = (line: string) => line.replace(/(^|\s)#.*$/, "").trim();

/** The single commands of a line that joins several with `&&`. */
export const partsOf = (command: string): string[] => command.split("&&").map((part) => part.trim());

/** Words of a command, as a shell splits them. */
export const wordsOf = (command: string): string[] =>
  [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3] ?? "");

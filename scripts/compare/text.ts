import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import { fixed } from "../../sim/core/fixed.js";

/** Columns of what is not a terminal: files and pipes. */
export const PLAIN_WIDTH = 80;

/** Stands for a space at which a line must not be broken. */
const FIXED_SPACE = "\u00a0";

/**
 * Breaks each line at spaces so that it fits `width` columns; the rows that follow are indented by `hanging` more than
 * the line itself. What stands in backquotes, such as a command, and single words, such as a path, stay whole even
 * when they are wider.
 */
export function wrap(text: string, width: number, hanging = "  "): string {
  return text
    .split("\n")
    .map((line) => wrapLine(line, width, hanging))
    .join("\n");
}

function wrapLine(line: string, width: number, hanging: string): string {
  if (stringWidth(line) <= width) return line;
  const [indent = ""] = /^ */.exec(line) ?? [];
  const body = line.slice(indent.length).replace(/`[^`]*`/g, unbreakable);
  const room = Math.max(1, width - indent.length - hanging.length);
  return wrapAnsi(body, room)
    .split("\n")
    .map((row, i) => `${indent}${i === 0 ? "" : hanging}${row.replace(/^ +| +$/g, "")}`)
    .join("\n")
    .replaceAll(FIXED_SPACE, " ");
}

/** Puts parts side by side with two spaces between them, and on further lines where `width` columns are not enough. */
export function wrapParts(parts: readonly string[], width: number): string {
  return wrap(parts.map(unbreakable).join("  "), width).replaceAll(FIXED_SPACE, " ");
}

function unbreakable(text: string): string {
  return text.replaceAll(" ", FIXED_SPACE);
}

/** A number for people; `–` for what was not measured. */
export function number(value: number | null | undefined, digits = 1): string {
  return value === undefined || value === null || !Number.isFinite(value) ? "–" : fixed(value, digits);
}

export function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "–";
}

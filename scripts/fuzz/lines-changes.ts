import fc from "fast-check";
import { type BytesChange, bytesChanges, changedBytes } from "./bytes-changes.js";
import { changedJson, type JsonChange, jsonChanges } from "./json-changes.js";

/** A change of a file of JSON lines. */
export type LinesChange =
  | { readonly on: "line"; readonly line: number; readonly changes: readonly JsonChange[] }
  | { readonly on: "order"; readonly line: number; readonly kind: "remove" | "copy" | "last" | "first" }
  | { readonly on: "text"; readonly line: number; readonly text: string }
  | { readonly on: "bytes"; readonly changes: readonly BytesChange[] };

const LINES = [
  "null",
  "[]",
  "{}",
  "3",
  '"x"',
  "",
  "{",
  "\u0000\u0000",
  '{"type":"log","version":2}',
  '{"type":"x"}',
];
const linesChange: fc.Arbitrary<LinesChange> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ on: fc.constant("line" as const), line: fc.nat(), changes: jsonChanges }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      on: fc.constant("order" as const),
      line: fc.nat(),
      kind: fc.constantFrom("remove" as const, "copy" as const, "last" as const, "first" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      on: fc.constant("text" as const),
      line: fc.nat(),
      text: fc.constantFrom(...LINES),
    }),
  },
  { weight: 1, arbitrary: fc.record({ on: fc.constant("bytes" as const), changes: bytesChanges }) },
);

/** One to three changes. */
export const linesChanges = fc.array(linesChange, { minLength: 1, maxLength: 3 });

/** A file of JSON lines after changes. */
export function changedLines(text: string, changes: readonly LinesChange[]): Buffer {
  return changes.reduce<Buffer>(applyLines, Buffer.from(text));
}

function applyLines(file: Buffer, change: LinesChange): Buffer {
  if (change.on === "bytes") return changedBytes(file, change.changes);
  const lines = file.toString("utf8").split("\n").slice(0, -1);
  const i = lines.length === 0 ? 0 : change.line % lines.length;
  const line = lines[i] ?? "";
  if (change.on === "text") lines.splice(i, 0, change.text);
  else if (change.on === "line") lines[i] = changedLine(line, change.changes);
  else if (change.kind === "copy") lines.splice(i, 0, line);
  else {
    lines.splice(i, 1);
    if (change.kind === "last") lines.push(line);
    if (change.kind === "first") lines.unshift(line);
  }
  return Buffer.from(lines.map((each) => `${each}\n`).join(""));
}

function changedLine(line: string, changes: readonly JsonChange[]): string {
  try {
    return changedJson(JSON.parse(line), changes);
  } catch {
    // It was changed before to what is no JSON.
    return `${line}x`;
  }
}

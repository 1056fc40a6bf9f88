import fc from "fast-check";

/** Values that programs stumble over: of the wrong kind, at the edge of a range, a path, a text that steers a terminal. */
const AWKWARD: readonly unknown[] = [
  ...[null, true, false, [], {}, [[]], [null], { a: null }],
  ...[0, -1, 1, 0.5, 1.5, 255, 256, 65_536, 2 ** 31, 2 ** 32, 2 ** 53, 1e21, 1e308, -1e308, 1e-320],
  ...[
    "",
    " ",
    "0",
    "1",
    "NaN",
    "Infinity",
    "null",
    "push",
    "__proto__",
    "constructor",
    "é",
    "\u0000",
    "\ud800",
  ],
  ...["..", ".", "/", "../../victim", "../victim/thesis.tex", "/dev/zero", "episodes/../../victim", "C:\\x"],
  ...["\u001b[2J\u001b]0;x\u0007", "\u202e", "x".repeat(300), "x".repeat(100_000)],
  new Array(1000).fill(0),
];

const awkward = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...AWKWARD) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.integer() },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
);

/** A change at one place of a JSON value. */
export interface JsonChange {
  /** Which of the value's places, modulo how many there are. */
  readonly place: number;
  readonly kind: "set" | "remove" | "scale" | "copy" | "add" | "nest";
  readonly value: unknown;
  readonly factor: number;
}

const jsonChange: fc.Arbitrary<JsonChange> = fc.record({
  place: fc.nat(),
  kind: fc.constantFrom("set", "set", "set", "remove", "scale", "scale", "copy", "add", "nest"),
  value: awkward,
  factor: fc.constantFrom(-1, 0, 0.5, 2, 10, 1e6, 1e300),
});

/** One to four changes. */
export const jsonChanges = fc.array(jsonChange, { minLength: 1, maxLength: 4 });

/** How deep `nest` goes: more than parsers that recurse take. */
const NESTING = 20_000;

interface Place {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

/** All places of a value, the value itself first, as keys of their parents. */
function placesOf(root: Record<string, unknown>): Place[] {
  const places: Place[] = [];
  const add = (parent: Record<string, unknown>) => {
    for (const key of Object.keys(parent)) {
      places.push({ parent, key });
      const child = parent[key];
      if (typeof child === "object" && child !== null) add(child as Record<string, unknown>);
    }
  };
  add(root);
  return places;
}

/** The text of a JSON value after changes; of what nests too deep for `JSON.stringify`, written by hand. */
export function changedJson(value: unknown, changes: readonly JsonChange[], indent?: number): string {
  const root: Record<string, unknown> = { value: structuredClone(value) };
  for (const change of changes) applyJson(root, change);
  const text = JSON.stringify(root.value, null, indent) ?? "";
  return text.replaceAll(STAND_IN, () => NESTED);
}

/** A value of a text that may have been changed already. @throws SyntaxError when it is not JSON */
export function parsedJson(text: string): unknown {
  return JSON.parse(text.replaceAll(NESTED, STAND_IN));
}

const NESTED = "[".repeat(NESTING) + "]".repeat(NESTING);
/** Stands for deep nesting while a value is changed. */
const NESTED_STAND_IN = "nested twenty thousand deep";
const STAND_IN = JSON.stringify(NESTED_STAND_IN);

function applyJson(root: Record<string, unknown>, { place, kind, value, factor }: JsonChange): void {
  const places = placesOf(root);
  const { parent, key } = places[place % places.length] ?? { parent: root, key: "value" };
  const now = parent[key];
  // As an own property, whatever the name.
  const set = (target: object, name: string, content: unknown) =>
    Object.defineProperty(target, name, {
      value: content,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  if (kind === "remove" && Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (kind === "remove") delete parent[key];
  else if (kind === "copy" && Array.isArray(parent)) parent.push(structuredClone(now));
  else if (kind === "copy") set(parent, `${key}2`, structuredClone(now));
  else if (kind === "nest") set(parent, key, NESTED_STAND_IN);
  else if (kind === "scale" && typeof now === "number") set(parent, key, now * factor);
  else if (kind === "add" && typeof now === "object" && now !== null && !Array.isArray(now))
    set(now, typeof value === "string" ? value.slice(0, 50) : "extra", structuredClone(value));
  else set(parent, key, structuredClone(value));
}

/** A change of bytes at one place, which is a share of their number. */
export interface BytesChange {
  readonly kind: "flip" | "cut" | "insert" | "remove" | "repeat" | "number" | "zero";
  readonly at: number;
  readonly length: number;
  readonly bit: number;
  readonly number: bigint;
  readonly bytes: Uint8Array;
}

const bytesChange: fc.Arbitrary<BytesChange> = fc.record({
  kind: fc.constantFrom("flip", "flip", "cut", "insert", "remove", "repeat", "number", "number", "zero"),
  // Heads hold lengths and kinds, and tails hold indices.
  at: fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 0.02, noNaN: true }),
    fc.double({ min: 0.97, max: 1, noNaN: true }),
  ),
  length: fc.constantFrom(1, 2, 4, 8, 64, 1000, 65_536),
  bit: fc.nat({ max: 7 }),
  number: fc.constantFrom(
    0n,
    1n,
    255n,
    65_535n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
  ),
  bytes: fc.uint8Array({ maxLength: 64 }),
});

/** One to five changes. */
export const bytesChanges = fc.array(bytesChange, { minLength: 1, maxLength: 5 });

/** Bytes after changes. */
export function changedBytes(bytes: Uint8Array, changes: readonly BytesChange[]): Buffer {
  return changes.reduce<Buffer>(applyBytes, Buffer.from(bytes));
}

function applyBytes(bytes: Buffer, { kind, at, length, bit, number, bytes: more }: BytesChange): Buffer {
  const place = Math.min(Math.floor(at * bytes.length), Math.max(bytes.length - 1, 0));
  const part = bytes.subarray(place, place + length);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place + part.length)];
  switch (kind) {
    case "cut":
      return Buffer.from(before);
    case "insert":
      return Buffer.concat([before, more, bytes.subarray(place)]);
    case "remove":
      return Buffer.concat([before, after]);
    case "repeat":
      return Buffer.concat([before, part, part, part, after]);
    case "zero":
      return Buffer.concat([before, Buffer.alloc(part.length), after]);
    case "flip":
      if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(place) ^ (1 << bit), place);
      return bytes;
    case "number":
      if (bytes.length >= 8) bytes.writeBigUInt64LE(number, Math.min(place, bytes.length - 8));
      return bytes;
  }
}

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

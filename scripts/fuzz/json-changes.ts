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

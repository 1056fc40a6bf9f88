import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesChanges, changedBytes } from "../../../scripts/fuzz/bytes-changes.js";
import { changedJson, jsonChanges, parsedJson } from "../../../scripts/fuzz/json-changes.js";
import { changedLines, linesChanges } from "../../../scripts/fuzz/lines-changes.js";

const DOCUMENT = { schema: 1, name: "x", list: [1, 2, { deep: null }], flag: true };
const LOG = '{"type":"log","version":1}\n{"type":"a","n":1}\n{"type":"b","n":[2]}\n';
const sample = <T>(arbitrary: fc.Arbitrary<T>) => fc.sample(arbitrary, { seed: 1, numRuns: 200 });

describe("changes", () => {
  it("of JSON give JSON, and nearly always another", () => {
    const texts = sample(jsonChanges).map((changes) => changedJson(DOCUMENT, changes));
    for (const text of texts)
      expect(() => (text === "" ? "" : JSON.parse(text)), text.slice(0, 200)).not.toThrow();
    expect(texts.filter((text) => text !== JSON.stringify(DOCUMENT)).length).toBeGreaterThan(190);
    expect(new Set(texts).size).toBeGreaterThan(150);
  });

  it("of JSON reach every place and leave the original alone", () => {
    const before = JSON.stringify(DOCUMENT);
    const changed = sample(jsonChanges).map((changes) => changedJson(DOCUMENT, changes));
    for (const part of ['"schema":1', '"name":"x"', '"deep":null', '"flag":true'])
      expect(changed.filter((text) => !text.includes(part)).length, part).toBeGreaterThan(5);
    expect(JSON.stringify(DOCUMENT)).toBe(before);
  });

  it("of JSON that was nested deep before go on with it", () => {
    const nest = { kind: "nest", value: null, factor: 1, place: 2 } as const;
    const deep = changedJson(DOCUMENT, [nest]);
    expect(deep).toContain("[[[[[");
    const again = changedJson(parsedJson(deep), [{ ...nest, kind: "set", place: 3, value: "changed" }]);
    expect(again.length).toBeGreaterThan(40_000);
    expect(again).toContain('"changed"');
  });

  it("of bytes and lines are the same for the same case", () => {
    const bytes = Buffer.from(LOG.repeat(20));
    const all = () => [
      ...sample(bytesChanges).map((changes) => changedBytes(bytes, changes).toString("hex")),
      ...sample(linesChanges).map((changes) => changedLines(LOG, changes).toString("hex")),
    ];
    expect(all()).toEqual(all());
    expect(new Set(all()).size).toBeGreaterThan(300);
    expect(bytes.toString()).toBe(LOG.repeat(20));
  });
});

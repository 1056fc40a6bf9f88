import { describe, expect, it } from "vitest";
import { parseJson } from "../../../sim/core/parse-json.js";

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

describe("JSON from elsewhere", () => {
  it("may be anything that is not nested deeper than documents are", () => {
    expect(parseJson('{"a": [1, {"b": null}]}')).toEqual({ a: [1, { b: null }] });
    expect(parseJson(nested(100))).toEqual(JSON.parse(nested(100)));
    const wide = JSON.stringify(Array.from({ length: 1000 }, (_, i) => [i]));
    expect(parseJson(wide)).toHaveLength(1000);
    expect(parseJson(JSON.stringify("[".repeat(500)))).toBe("[".repeat(500));
  });

  it("is refused with the limit when it is nested deeper, or no JSON", () => {
    expect(() => parseJson(nested(101))).toThrow("More than 100 levels");
    expect(() => parseJson(`{"a": ${nested(20_000)}}`)).toThrow(SyntaxError);
    expect(() => parseJson("[")).toThrow(SyntaxError);
  });
});

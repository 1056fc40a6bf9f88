import { expect, it } from "vitest";
import { inWords } from "../../../sim/core/in-words.js";

it("says what a value is, and quotes text", () => {
  const values = ["my name", "", 3, undefined, null, [1, "b"], { a: { b: 1 } }, Math.max];
  expect(values.map(inWords)).toEqual([
    ...['"my name"', '""', "3", "undefined", "null", "[ 1, 'b' ]", "{ a: [Object] }", "[Function: max]"],
  ]);
});

it("cuts what is long, and stays in one line", () => {
  const words = inWords(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key${i}`, i])));
  expect(words).toHaveLength(81);
  expect(words).toMatch(/^\{ key0: 0, .*…$/);
});

import { expect, it } from "vitest";
import { rowsOf } from "../../../sim/core/rows.js";

it("gives views of rows, or of their beginnings", () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect(rowsOf(data, 3).map((row) => [...row])).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(rowsOf(data, 2, 1).map((row) => [...row])).toEqual([[1], [3], [5]]);
  rowsOf(data, 3)[1]![2] = 9;
  expect(data[5]).toBe(9);
  expect(rowsOf(new Float32Array(0), 3)).toEqual([]);
});

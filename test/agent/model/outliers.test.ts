import { expect, it } from "vitest";
import { withoutOutliers } from "../../../agent/model/outliers.js";
import { Rng } from "../../../sim/core/rng.js";
import { take } from "../../take.js";
import { normals } from "../fixtures.js";

const ROWS = 200;

/** Normal inputs `[ROWS, 2]` and targets `[ROWS, 1]`; room for more rows holds what must not count. */
function table() {
  const rng = Rng.fromSeed(3);
  const [inputs, targets] = [new Float32Array(3 * ROWS).fill(1e9), new Float32Array(3 * ROWS).fill(1e9)];
  inputs.set(normals(rng, 2 * ROWS));
  targets.set(normals(rng, ROWS, 0.01));
  return { capacity: 3 * ROWS, size: ROWS, added: ROWS, inputSize: 2, targetSize: 1, inputs, targets };
}

it("leaves out transitions with a wild input or target, and takes the statistics of the others", () => {
  const data = table();
  data.inputs[2 * 7] = 1000;
  data.targets[50] = -1;
  const clean = withoutOutliers(data, 10, true)!;
  expect([clean.data.size, clean.data.capacity]).toEqual([ROWS - 2, ROWS - 2]);
  const rows = Array.from({ length: ROWS }, (_, row) => row).filter((row) => row !== 7 && row !== 50);
  expect([...clean.data.targets]).toEqual(rows.map((row) => data.targets[row]));
  expect([...clean.data.inputs]).toEqual(rows.flatMap((row) => take(2, [...data.inputs.subarray(2 * row)])));
  expect(clean.normalizer.inputScale[0]).toBeGreaterThan(0.8);
  expect(clean.normalizer.targetStd[0]).toBeLessThan(0.02);
});

it("leaves out nothing where nothing is wild, or where the wild is too frequent to be one", () => {
  expect(withoutOutliers(table(), 10, true)).toBeUndefined();
  const often = table();
  for (let row = 0; row < 60; row++) often.targets[row] = 5;
  expect(withoutOutliers(often, 10, true)).toBeUndefined();
});

it("does not judge what is constant in half of the transitions", () => {
  const data = table();
  data.targets.fill(0, 0, ROWS);
  data.targets[3] = 1;
  expect(withoutOutliers(data, 10, true)).toBeUndefined();
});

import { expect, it } from "vitest";
import { chunkCount, chunkStart } from "../../../agent/rollout/columns.js";

it.each([1, 2, 3, 8, 64])(
  "divides any N among %d threads into chunks of whole vectors above 64",
  (threads) => {
    for (let samples = 1; samples <= 3000; samples++) {
      const chunks = chunkCount(samples, threads);
      const starts = Array.from({ length: chunks + 1 }, (_, c) => chunkStart(c, chunks, samples));
      expect([starts[0], starts[chunks]]).toEqual([0, samples]);
      for (let c = 0; c < chunks; c++) {
        expect(starts[c]! % 16).toBe(0);
        if (chunks > 1) expect(starts[c + 1]! - starts[c]!, `chunk ${c} of ${samples}`).toBeGreaterThan(64);
      }
    }
  },
);

it("gives every thread a chunk where N allows, and several only where they are large", () => {
  expect(chunkCount(159, 2)).toBe(1);
  expect(chunkCount(160, 2)).toBe(2);
  expect(chunkCount(500, 2)).toBe(2);
  expect(chunkCount(2000, 2)).toBe(4);
  expect(chunkCount(500, 4)).toBe(4);
});

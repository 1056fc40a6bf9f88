import { expect, it } from "vitest";
import {
  countedNames,
  countOf,
  countsText,
  countText,
  outcomeNames,
  outcomeShare,
} from "../../../scripts/compare/counts-text.js";
import { addCounts, countOutcomes } from "../../../scripts/runs/counts.js";

const episodes = [
  { success: true, outcomes: { heldOpen: true } },
  { success: true, outcomes: { heldOpen: false } },
  // Of a run of a version before.
  { success: false },
];

it("counts successes, and each outcome among the episodes that say whether they had it", () => {
  const counts = countOutcomes(episodes);
  expect(counts).toEqual({ success: { count: 2, of: 3 }, heldOpen: { count: 1, of: 2 } });
  expect(addCounts([counts, counts, {}]).heldOpen).toEqual({ count: 2, of: 4 });
  expect(countOutcomes([])).toEqual({});
});

it("says so in words", () => {
  const counts = countOutcomes(episodes);
  expect(countsText(counts)).toBe("success 2 of 3, held open 1 of 2");
  expect(countText(undefined)).toBe("–");
  expect(countsText({})).toBe("");
});

it("names the outcomes of all rows, and knows no share of what a row does not count", () => {
  const rows = [{ counts: countOutcomes(episodes) }, { counts: countOutcomes(episodes.slice(2)) }];
  expect(countedNames(rows)).toEqual(["success", "heldOpen"]);
  expect(outcomeNames(rows)).toEqual(["heldOpen"]);
  expect(outcomeShare(rows[0]!, "heldOpen")).toBe(0.5);
  expect(outcomeShare(rows[1]!, "heldOpen")).toBeNaN();
  // What every object has is no count.
  expect(outcomeShare(rows[1]!, "constructor")).toBeNaN();
  expect(countOf(rows[1]!.counts, "constructor")).toBeUndefined();
});

import { expect, it } from "vitest";
import { entryAt } from "../../agent/entry.js";

it("an entry is found at its place, and a place that a list does not have is named", () => {
  expect(entryAt(["push", "door"], 1, "task")).toBe("door");
  expect(() => entryAt(["push", "door"], 2, "task")).toThrow(new RangeError("There is no task 2 among 2."));
  expect(() => entryAt([], -1, "task")).toThrow("There is no task -1 among 0.");
});

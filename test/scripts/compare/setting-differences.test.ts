import { expect, it } from "vitest";
import { settingsThatDiffer } from "../../../scripts/compare/setting-differences.js";

it("names what differs between lines of settings, in groups too, but not the seed", () => {
  const lines = [
    { seed: 1, method: "ewc", planner: { name: "icem", initialStd: 0.5 }, tasks: 2, list: [1, 2] },
    { seed: 2, method: "ewc", planner: { name: "cem", initialStd: [0.5, 1] }, tasks: 2, list: [1, 2] },
    { seed: 3, method: "ewc", planner: { name: "cem" }, tasks: 2, list: [1, 2], added: null },
  ];
  expect(settingsThatDiffer(lines)).toEqual([
    { name: "planner.name", values: ["icem", "cem", "cem"] },
    { name: "planner.initialStd", values: ["0.5", "[0.5,1]", undefined] },
    { name: "added", values: [undefined, undefined, "null"] },
  ]);
  expect(settingsThatDiffer([{ seed: 1, tasks: 2 }])).toEqual([]);
});

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { suiteTables, withTables } from "../../../../scripts/bench/figures/suite-tables.js";
import type { Task } from "../../../../sim/task.js";
import { builtinSuites } from "../../../../tasks/registry.js";

it.each(builtinSuites.map((suite) => [suite.name, suite] as const))(
  "the page of %s has the tables of its code",
  (name, suite) => {
    const page = readFileSync(`docs/suites/${name}.md`, "utf8");
    expect(withTables(page, suite), "run npm run suite-tables").toBe(page);
  },
);

it("numbered channels share a row, and every kind of channel is told", () => {
  const spec: Task["spec"] = {
    observation: [
      { name: "joint1", unit: "rad", angle: true },
      { name: "joint2", unit: "rad", angle: true },
      { name: "speed", unit: "m/s", absolute: true },
    ],
    action: [{ name: "force", unit: "2 N", low: -1, high: 3 }],
    episodeSteps: 40,
    controlPeriod: 0.05,
  };
  const text = suiteTables({ name: "s", description: "", tasks: [{ name: "a", spec } as Task] });
  expect(text).toContain("An episode has 40 control steps of 0.05 s, 2 s in all.");
  expect(text).toContain("| 0 … 1 | `joint1` … `joint2` | rad | cosine and sine | the change |");
  expect(text).toContain("| 2 | `speed` | m/s | the value | the next value |");
  expect(text).toContain("| 0 | `force` | 2 N | -1 … 3 |");
});

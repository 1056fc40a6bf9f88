import { describe, expect, it } from "vitest";
import { settingNames } from "../../../agent/settings/assignments.js";
import { describeSettings } from "../../../agent/settings/describe.js";
import { resolveAll } from "../../../agent/settings/resolve.js";
import { findSuite } from "../../../tasks/registry.js";
import { CATALOG } from "../fixtures.js";
import { usage } from "./usage.js";

const choice = { suite: findSuite("push"), method: "hypercrl", profile: "paper", seed: 777 };
const set = (...assignments: string[]) => resolveAll(choice, assignments, CATALOG);

describe("describeSettings", () => {
  const described = describeSettings({ suite: findSuite("push"), method: "hypercrl" }, CATALOG);

  it("has the defaults of a suite and of a method", () => {
    const describing = (suite: string, method = "hypercrl") =>
      describeSettings({ suite: findSuite(suite), method }, CATALOG);
    const beta = (...of: [suite: string, method?: string]) =>
      describing(...of).find(({ name }) => name === "hypernetwork.beta");
    expect(beta("push", "chunked")).toMatchObject({ quick: "0.5", paper: "0.005" });
    expect(beta("door")).toMatchObject({ quick: "5", paper: "0.5" });
    expect(usage(() => describing("push", "chunkd")).message).toMatch(/Did you mean "chunked"/);
  });

  it("has the values given instead of the defaults", () => {
    const lines = describeSettings({ suite: findSuite("push"), method: "hypercrl" }, CATALOG, [
      "planner.samples=77",
    ]);
    expect(lines.find(({ name }) => name === "planner.samples")).toMatchObject({ quick: "77", paper: "77" });
    expect(lines).toHaveLength(described.length);
  });

  it("has one line with a sentence for every leaf that --set takes, but the five choices of the command", () => {
    const leaves = settingNames(set()).filter((name) => name.includes("."));
    expect(described.map((d) => d.name)).toEqual(leaves);
    expect(leaves.length).toBeGreaterThan(30);
    for (const { name, text } of described) expect(text, name).toMatch(/^.{10,}\.$/);
    expect(new Set(described.map((d) => d.text)).size).toBeGreaterThan(leaves.length - 4);
  });

  it("prints each profile's default as --set would take it", () => {
    const profiles = { quick: resolveAll({ ...choice, profile: "quick" }, [], CATALOG), paper: set() };
    for (const line of described) {
      for (const profile of ["quick", "paper"] as const) {
        const assignment = `${line.name}=${line[profile]}`;
        const base = { ...choice, profile };
        // A draft without the assignment has the same value already.
        expect(resolveAll(base, [assignment], CATALOG)).toEqual(profiles[profile]);
      }
    }
    expect(described.find((d) => d.name === "planner.name")).toMatchObject({
      quick: '"icem"',
      paper: '"cem"',
    });
  });

  it("names the planners that a planner setting belongs to", () => {
    const text = (name: string) => described.find((d) => d.name === name)?.text;
    expect(text("planner.horizon")).toBe("Actions looked ahead.");
    expect(text("planner.temperature")).toMatch(/^mppi: /);
    expect(text("planner.initialStd")).toMatch(/^icem, cem: /);
  });
});

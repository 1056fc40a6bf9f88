import { rmSync } from "node:fs";

import { afterAll, describe, expect, it } from "vitest";
import { currentVersions } from "../../../scripts/runs/versions.js";
import { addRuns, emptyManifest } from "../../../scripts/sweep/manifest.js";
import { baseOf, planRuns, type SweepMethod } from "../../../scripts/sweep/plan.js";
import { differencesLabel, reportSweep } from "../../../scripts/sweep/report.js";
import { reportText } from "../../../scripts/sweep/report-text.js";
import { UsageError } from "../../../sim/core/errors.js";
import { initPhysics } from "../../../sim/world.js";
import { temporaryFolder } from "../../files.js";

await initPhysics();
const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

async function manifestOf(methods: readonly SweepMethod[]) {
  const base = baseOf({});
  const empty = emptyManifest(folder, "push", base, currentVersions());
  return addRuns(empty, await planRuns({ methods, seeds: [1, 2] }, base, folder));
}

const cem: SweepMethod = {
  ...{ label: "cem", method: "hypercrl" },
  set: { "planner.name": "cem", "planner.samples": 500 },
};

describe("a sweep's report", () => {
  it("lists the settings in which lines differ, beside the method", async () => {
    const manifest = await manifestOf([{ method: "hypercrl" }, cem, { method: "single" }]);
    const report = reportSweep(folder, manifest, [], "hypercrl");
    expect(report.settings).toEqual([
      { name: "planner.name", values: { hypercrl: "icem", cem: "cem", single: "icem" } },
      { name: "planner.samples", values: { hypercrl: "64", cem: "500", single: "64" } },
    ]);
    expect(report.differences).toBeNull();
    expect(reportText(report)).toBe(
      [
        "No run is finished yet.",
        "setting planner.name: icem (hypercrl, single), cem (cem)",
        "setting planner.samples: 64 (hypercrl, single), 500 (cem)",
        "",
        "0 of 6 runs are finished.",
      ].join("\n"),
    );
  });

  it("lists none where lines differ in the method, or in a setting that older ones do not have", async () => {
    const manifest = await manifestOf([{ method: "hypercrl" }, { method: "single" }]);
    expect(reportSweep(folder, manifest, [], "hypercrl").settings).toEqual([]);
    const { planner, ...older } = manifest.settings.single as { planner: Record<string, unknown> };
    const { lastAction: _, ...before } = planner;
    const mixed = { ...manifest, settings: { ...manifest.settings, single: { ...older, planner: before } } };
    expect(reportSweep(folder, mixed, [], "hypercrl").settings).toEqual([]);
  });

  it("shows differences from its first line, or from another of its lines", async () => {
    const manifest = await manifestOf([{ method: "single" }, cem]);
    expect(differencesLabel(manifest, undefined)).toBe("single");
    expect(differencesLabel(manifest, "cem")).toBe("cem");
    expect(() => differencesLabel(manifest, "hypercrl")).toThrow(UsageError);
  });
});

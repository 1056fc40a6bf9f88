import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { liveTable } from "../../scripts/bench/live.js";
import { createBenchProgram } from "../../scripts/bench/program.js";
import { UsageError } from "../../sim/core/errors.js";

const folder = mkdtempSync(join(tmpdir(), "hypercrl-live-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("compares watched runs with the unwatched one of the same round", () => {
  const times = (...walls: number[]) => walls.map((wallMs) => ({ wallMs, cpuMs: 2 * wallMs }));
  const rows = liveTable({
    alone: times(1000, 2000, 4000),
    viewer: times(1100, 2000, 4000),
    page: times(1500, 2000, 5000),
  }).split("\n");
  const row = (name: string) => rows.find((line) => line.includes(`│ ${name} `));
  expect(row("train")).toMatch(/ 2\.0 │ 1\.000 \(1\.000 to 1\.000\) │ +4\.0 /);
  expect(row("train --view")).toMatch(/ 2\.0 │ 1\.000 \(1\.000 to 1\.100\) /);
  expect(row("train --view, a page follows")).toMatch(/ 2\.0 │ 1\.250 \(1\.000 to 1\.500\) /);
  expect(rows.at(-1)).toMatch(/3 rounds/);
});

it("refuses before it measures what cannot be written", async () => {
  const program = createBenchProgram({ out: () => {}, err: () => {} });
  const run = program.parseAsync(["live", "--json", folder], { from: "user" });
  await expect(run).rejects.toThrow(UsageError);
});

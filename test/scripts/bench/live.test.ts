import { rmSync } from "node:fs";

import { afterAll, expect, it } from "vitest";
import { liveTable } from "../../../scripts/bench/live.js";
import { createBenchProgram } from "../../../scripts/bench/program.js";
import { UsageError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

it("compares windows with a page that plays to their neighbours, pair by pair", () => {
  const windows = (...planned: number[]) => planned.map((ms) => ({ planned: ms, training: 100 }));
  const rows = liveTable({ stopped: windows(2, 4, 8), watched: windows(4, 2, 16) }).split("\n");
  // Columns that find no room stand in a further table below, each with the row's name again.
  const row = (name: string) => rows.filter((line) => line.includes(`│ ${name} `)).join("");
  expect(row("an action planned")).toMatch(/ 4\.00 │ +4\.00 │.* 1\.000 │ 1\.260 \(0\.500 … 2\.000\) │/);
  expect(row("60 minibatches")).toMatch(/ 100\.00 │ +100\.00 │.* 1\.000 │ 1\.000 \(1\.000 … 1\.000\) │/);
  expect(row("20 actions and 60 minibatches")).toMatch(/ 180\.00 │ +180\.00 │.* 1\.000 │/);
  expect(rows.at(-1)).toMatch(/3 windows/);
});

it("refuses before it measures what cannot be written", async () => {
  const program = createBenchProgram({ out: () => {}, err: () => {} });
  const run = program.parseAsync(["live", "--json", folder], { from: "user" });
  await expect(run).rejects.toThrow(UsageError);
});

import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { itself, type KilledCommand, killRuns } from "../../../scripts/fuzz/kill-runs.js";
import { Rng } from "../../../sim/core/rng.js";
import { temporaryFolder } from "../../files.js";
import { TINY } from "../call.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const command: KilledCommand = {
  name: "finetune",
  begin: (out) => ["train", "--quiet", "--method", "finetune", "--out", out, ...TINY],
  goOn: (out) => ["train", "--quiet", "--resume", out, "--threads", "1"],
  begun: "settings.json",
  runs: itself,
};
// Processes are started from the build.
const commandLine = resolve("dist/scripts/cli/main.js");

describe("killing a command", () => {
  it("counts the kills, and finds the bytes of an undisturbed run", async () => {
    const result = await killRuns(command, { kills: 2, rng: Rng.fromSeed(1), folder, commandLine });
    expect(result).toMatchObject({ command: "finetune", faults: [] });
    expect(result.kills).toBeGreaterThanOrEqual(2);
    expect(result.compared).toBeGreaterThanOrEqual(1);
  });

  it("tells a run that is another", async () => {
    let seed = 0;
    const other = { ...command, begin: (out: string) => [...command.begin(out), "--seed", String(++seed)] };
    mkdirSync(join(folder, "other"));
    const { faults } = await killRuns(other, {
      ...{ kills: 0, rng: Rng.fromSeed(2), commandLine },
      folder: join(folder, "other"),
    });
    expect(faults).toContain("round 0: settings.json differs");
    expect(faults).toContain("round 0: metrics.jsonl differs");
  });
});

import { rmSync } from "node:fs";
import { resolve } from "node:path";
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
  it("counts the kills, and tells a run that is another from the undisturbed one", async () => {
    let seed = 0;
    const other = { ...command, begin: (out: string) => [...command.begin(out), "--seed", String(++seed)] };
    const result = await killRuns(other, { kills: 1, rng: Rng.fromSeed(2), folder, commandLine });
    expect(result.command).toBe("finetune");
    expect(result.kills).toBeGreaterThanOrEqual(1);
    expect(result.compared).toBeGreaterThanOrEqual(1);
    expect(result.faults).toContain("round 0: metrics.jsonl differs");
  });
});

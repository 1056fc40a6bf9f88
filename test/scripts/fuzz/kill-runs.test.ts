import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { itself, type KilledCommand, killAll, killRuns } from "../../../scripts/fuzz/kill-runs.js";
import { Rng } from "../../../sim/core/rng.js";
import { temporaryFolder } from "../../files.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

const command = (name: string): KilledCommand => ({
  name,
  begin: (out) => [name, out],
  goOn: (out) => [name, out],
  begun: "settings.json",
  runs: itself,
});

async function kill(name: string, kills: number) {
  const folder = join(root, name);
  mkdirSync(folder);
  const commandLine = resolve("test/scripts/fuzz/noting-command.mjs");
  const result = await killRuns(command(name), { kills, rng: Rng.fromSeed(1), folder, commandLine });
  return { ...result, left: readdirSync(folder) };
}

describe("killing a command", () => {
  it("counts the kills, finds what an undisturbed one leaves, and cleans up", async () => {
    const { command: name, kills, compared, faults, left } = await kill("same", 3);
    expect([name, faults, left]).toEqual(["same", [], []]);
    expect(kills).toBeGreaterThanOrEqual(3);
    expect(compared).toBeGreaterThanOrEqual(1);
  });

  it("names the files that are others", async () => {
    const { faults } = await kill("other", 1);
    expect(faults).toContain("round 0: evaluation.json differs");
    expect(faults.join()).not.toContain("settings.json");
  });

  it("starts none when it was stopped before", async () => {
    const folder = join(root, "stopped");
    mkdirSync(folder);
    const commandLine = resolve("test/scripts/fuzz/noting-command.mjs");
    const signal = AbortSignal.abort("SIGTERM");
    const options = { kills: 3, rng: Rng.fromSeed(1), folder, commandLine, signal };
    await expect(killRuns(command("same"), options)).rejects.toBe("SIGTERM");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("fails with what the command says when it cannot go on", async () => {
    await expect(kill("fails", 3)).rejects.toThrow(/ended with 1: .*cannot go on/s);
  });
});

describe("killing several commands", () => {
  it("shares the kills, and keeps what was found before it was stopped", async () => {
    const folder = join(root, "several");
    mkdirSync(folder);
    const commandLine = resolve("test/scripts/fuzz/noting-command.mjs");
    const noted: string[][] = [];
    const campaign = killAll(
      ["same", "other", "fails"].map(command),
      { kills: 3, rng: Rng.fromSeed(1), folder, commandLine },
      (results) => noted.push(results.map(({ command }) => command)),
    );
    await expect(campaign).rejects.toThrow(/cannot go on/);
    expect(noted).toEqual([["same"], ["same", "other"]]);
  });
});

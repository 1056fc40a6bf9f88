import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { temporaryFolder } from "../../files.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

const ours = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.startsWith("hypercrl-"));

/** Starts a program of the build with a folder for its temporary files, and signals it when one of them is there. */
async function stopped(program: string, args: readonly string[], begun: RegExp, signal: NodeJS.Signals) {
  const folder = mkdtempSync(join(root, "tmp-"));
  const child = spawn(process.execPath, [resolve("dist/scripts/fuzz", program), ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: "ignore",
  });
  const exit = once(child, "exit");
  while (!ours(folder).some((name) => begun.test(name))) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    await wait(20);
  }
  child.kill(signal);
  const [, by] = await exit;
  return { by, left: ours(folder) };
}

it.each([
  ["replays.js", ["--steps", "1000000"], /-replays-\w+\/reacher\/episodes\/./, "SIGTERM"],
  ["kills.js", ["--kills", "1000"], /-kills-\w+\/undisturbed\/runs\/[^/]+\/episodes\/./, "SIGINT"],
  ["main.js", ["--kinds", "lock"], /-fuzz-\w+\/inputs\/run\/episodes\/./, "SIGTERM"],
] as const)(
  "%s leaves no temporary folder when it is stopped, and ends of the signal",
  async (program, args, begun, signal) => {
    expect(await stopped(program, args, begun, signal)).toEqual({ by: signal, left: [] });
  },
);

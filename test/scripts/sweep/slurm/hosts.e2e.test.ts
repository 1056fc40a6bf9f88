import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { readManifest } from "../../../../scripts/sweep/manifest-file.js";
import { runFolder } from "../../../../scripts/sweep/run-folders.js";
import { writeSubmission } from "../../../../scripts/sweep/slurm/submissions.js";
import { readTries } from "../../../../scripts/sweep/slurm/tries.js";
import { fileHashes, temporaryFolder } from "../../../files.js";
import { TINY_SWEEP } from "../../call.js";
import { metricsLines, run } from "../../cli.js";
import { submissionOf } from "./made-sweep.js";

const folder = temporaryFolder();
const workers: ChildProcess[] = [];
afterAll(async () => {
  for (const worker of workers) {
    if (worker.exitCode !== null || worker.signalCode !== null) continue;
    const end = once(worker, "exit");
    worker.kill("SIGKILL");
    await end;
  }
  rmSync(folder, { recursive: true });
});

const HOST = ["--uts", "--pid", "--fork", "--mount-proc", "--kill-child"];
const refusal = spawnSync("unshare", [...HOST, "hostname", "probe"], { encoding: "utf8" });
const reason = refusal.error?.message ?? refusal.stderr.trim();

/** Runs a module on a host of its own name whose processes count from 1, as those of all others do. */
function startOn(name: string, code: string, args: readonly string[]): ChildProcess {
  const command = ["sh", "-c", 'hostname "$0" && exec "$@"', name];
  const program = [process.execPath, "--input-type=module", "-e", code];
  const child = spawn("unshare", [...HOST, ...command, ...program, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  workers.push(child);
  return child;
}

/** A host that makes what it can of all runs. */
function startHost(name: string, out: string): ChildProcess {
  const code = `
    import { runTask } from "#dist/scripts/sweep/slurm/task.js";
    const [, out, commandLine, node] = process.argv;
    await runTask({
      ...{ out, submission: 1, commandLine, environment: { job: "1", task: 0, node } },
      ...{ signal: new AbortController().signal, say: console.log, times: { beat: 200, lease: 8000 } },
    });`;
  return startOn(name, code, [out, resolve("dist/scripts/cli/main.js"), name]);
}

const exitCodes = (hosts: readonly ChildProcess[]) =>
  Promise.all(hosts.map(async (host) => (await once(host, "exit"))[0]));

const skipped = refusal.status !== 0;
const unless = reason && ` (skipped where unshare is refused: ${reason})`;

it.skipIf(skipped)(`two hosts write the same file at the same time, again and again${unless}`, async () => {
  const code = `
    import { writeFileSafely } from "#dist/sim/core/files.js";
    const [, path, text] = process.argv;
    for (let i = 0; i < 300; i++) writeFileSafely(path, text.repeat(1 + i));`;
  const path = join(folder, "both", "note");
  const hosts = ["a", "b"].map((name) => startOn(name, code, [path, name]));
  expect(await exitCodes(hosts)).toEqual([0, 0]);
  expect(readFileSync(path, "utf8")).toMatch(/^(a{300}|b{300})$/);
  expect(readdirSync(join(folder, "both"))).toEqual(["note"]);
});

it.skipIf(skipped)(
  `hosts that see nothing of each other but the folder make every run once, and go on with what a killed one began${unless}`,
  async () => {
    const [whole, out] = [join(folder, "whole"), join(folder, "shared")];
    const reference = await run([
      ...["sweep", "--methods", "single", "--seeds", "1-3", "--jobs", "1", "--out", whole],
      ...TINY_SWEEP,
    ]);
    expect(reference.code, reference.stderr).toBe(0);
    for (const name of ["runs", "logs"]) mkdirSync(join(out, name), { recursive: true });
    cpSync(join(whole, "sweep.json"), join(out, "sweep.json"));
    const manifest = readManifest(out);
    // One task of all runs, so that every host wants every run.
    writeSubmission(out, 1, submissionOf(manifest, 1));
    const folders = manifest.runs.map((one) => runFolder(out, one));
    const hosts = new Map(["alpha", "beta", "gamma"].map((name) => [name, startHost(name, out)]));
    while (!existsSync(join(folders[0]!, "metrics.jsonl")) || metricsLines(folders[0]!) < 3) await sleep(5);
    const killed = readTries(out, manifest.runs[0]!.id)[0]!.claim.node;
    hosts.get(killed)!.kill("SIGKILL");
    hosts.delete(killed);
    expect(await exitCodes([...hosts.values()])).toEqual([0, 0]);
    const tries = manifest.runs.map(({ id }) => readTries(out, id));
    for (const [i, own] of tries.entries()) {
      expect(own.filter(({ end }) => end?.outcome === "finished")).toHaveLength(1);
      expect(fileHashes(folders[i]!)).toEqual(fileHashes(runFolder(whole, manifest.runs[i]!)));
    }
    expect(tries[0]![0]).toMatchObject({ claim: { node: killed }, end: undefined });
    const all = tries.flat().map(({ claim }) => claim);
    // Numbers of processes are those of other hosts too; what tells them apart is the machine.
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(1);
    expect(new Set(all.map(({ machine }) => machine)).size).toBeGreaterThan(1);
    expect(folders.flatMap((path) => readdirSync(path).filter((name) => name.endsWith(".lock")))).toEqual([]);
  },
  300_000,
);

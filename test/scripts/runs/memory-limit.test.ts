import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { partsOf } from "../../../agent/catalog.js";
import { memoryNeed } from "../../../agent/memory.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { builtinCatalog } from "../../../scripts/parts/catalog.js";
import { checkMemory, checkMemoryOfJobs, defaultMemoryLimit } from "../../../scripts/runs/memory-limit.js";
import { MIB } from "../../../sim/core/bytes.js";
import { findNamed } from "../../../sim/core/one-of.js";
import { initPhysics } from "../../../sim/world.js";
import { temporaryFolder } from "../../files.js";
import { call, expectOneError, TINY, unwrapped } from "../call.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

await initPhysics();
const suite = findNamed("suite", "reacher", builtinCatalog.suites);

function needOf(method: string, assignments: readonly string[], threads = 1) {
  const choice = { suite, method, profile: "quick", seed: 1 };
  const small = ["loop.stepsPerTask=60", "planner.samples=16", "planner.horizon=3", "planner.elites=4"];
  const settings = resolveSettings(choice, [...small, ...assignments], builtinCatalog);
  return memoryNeed(suite.tasks, settings, partsOf(builtinCatalog, settings), { threads, kernel: true });
}

describe("the memory that a run needs", () => {
  // Peak resident memory in MiB of runs with these settings, read from their timing logs, the largest while it ran (2026-11,
  // Node 20, Linux x64).
  it.each<[measured: number, method: string, assignments: string[], threads?: number]>([
    [250, "hypercrl", ["tasks=2", "dynamics.hidden=[16,16]"]],
    [514, "hypercrl", ["tasks=2", "dynamics.hidden=[16,16]"], 4],
    [800, "hypercrl", ["tasks=2", "hypernetwork.hidden=[800]", "dynamics.hidden=[128,128]"]],
    [10_380, "hypercrl", ["tasks=5", `hypernetwork.hidden=[${new Array(8).fill(4096)}]`]],
    [1048, "finetune", ["tasks=2", "dynamics.hidden=[3000,3000]"]],
    [1162, "single", ["tasks=3", "dynamics.hidden=[2500,2500]"]],
    [552, "ewc", ["tasks=3", "dynamics.hidden=[1000,1000]"]],
    [821, "pnn", ["tasks=3", "dynamics.hidden=[1000,1000]"]],
    [457, "finetune", ["tasks=2", "dynamics.hidden=[500,500]", "dynamics.members=4"]],
    [
      505,
      "hypercrl",
      ["tasks=2", "hypernetwork.hidden=[300]", "dynamics.hidden=[128,128]", "dynamics.members=4"],
    ],
    [377, "coreset", ["tasks=3", "dynamics.hidden=[1000,1000]"]],
    [460, "multitask-hypernet", ["tasks=3", "hypernetwork.hidden=[300]", "dynamics.hidden=[128,128]"]],
    [486, "single-hypernet", ["tasks=3", "hypernetwork.hidden=[300]", "dynamics.hidden=[128,128]"]],
    [
      828,
      "hypercrl",
      ["tasks=2", "training.engine=graph", "hypernetwork.hidden=[300]", "dynamics.hidden=[128,128]"],
    ],
    [539, "hypercrl", ["tasks=1", "dynamics.hidden=[16,16]", "planner.samples=20000", "planner.horizon=100"]],
    [1981, "hypercrl", ["tasks=1", "dynamics.hidden=[512,512]", "training.batchSize=50000"]],
  ])("is estimated to within a half: %i MiB measured of %s with %j", (measured, method, set, threads) => {
    const ratio = needOf(method, set, threads).bytes / MIB / measured;
    expect(ratio).toBeGreaterThan(1 / 1.5);
    expect(ratio).toBeLessThan(1.5);
  });

  it("is known of every method, and grows with what is trained", () => {
    for (const { name } of builtinCatalog.methods) {
      // Its features are as many in both.
      if (name === "ftl") continue;
      const hidden = ["hypernetwork.hidden=[64]", "chunked.hidden=[64]"].filter(
        (text) => !text.startsWith("chunked") || name === "chunked",
      );
      const small = needOf(name, [...hidden, "dynamics.hidden=[64,64]"]);
      const large = needOf(name, [...hidden, "dynamics.hidden=[2048,2048]"]);
      expect(small.bytes, name).toBeGreaterThan(200 * MIB);
      expect(large.bytes, name).toBeGreaterThan(small.bytes + 100 * MIB);
      expect(large.checkpointBytes, name).toBeGreaterThan(2048 * 2048 * 4);
    }
  });

  it("is held against a limit, alone and for several runs at a time", () => {
    const need = needOf("hypercrl", ["dynamics.hidden=[16,16]"]);
    expect(() => checkMemory(need, need.bytes)).not.toThrow();
    expect(() => checkMemory(need, need.bytes - 1)).toThrow(
      /needs more memory .* got about 0\.2 GiB; expected at most 0\.2 GiB.*--memory GIB \(default: 80 %/,
    );
    expect(() => checkMemoryOfJobs([need, need, need], 2, 2 * need.bytes)).not.toThrow();
    expect(() => checkMemoryOfJobs([need, need, need], 3, 2 * need.bytes)).toThrow(
      /^3 runs at a time need more memory .* about 0\.7 GiB, up to 0\.2 GiB each; .*fewer --jobs/,
    );
    expect(defaultMemoryLimit()).toBeGreaterThan(need.bytes);
  });
});

describe("the command line", () => {
  it.each<[setting: string, message: RegExp]>([
    [
      "dynamics.hidden=[4096,4096]",
      /checkpoint of this run would be too large .* GiB, most of it for the networks.*dynamics\.hidden/,
    ],
    ["loop.bufferCapacity=100000000", /An array for the replay buffer .*loop\.bufferCapacity.*at most 4\.0/],
    ["loop.trainIterations=100000000", /An array for a training session .*loop\.trainIterations/],
  ])("refuses a run with %s before anything is written", async (setting, message) => {
    const out = join(folder, "never");
    const set = ["--set", "hypernetwork.hidden=[4096]", "--set", setting];
    expectOneError(await call(["train", "--out", out, ...TINY, ...set]), 2, message);
  });

  it("refuses what plans too far with too many sequences, and says how to allow more", async () => {
    const out = join(folder, "never");
    const set = ["--set", "planner.samples=1000000", "--set", "planner.horizon=500"];
    expectOneError(
      await call(["train", "--out", out, ...TINY, ...set, "--memory", "0.1"]),
      2,
      /planning \(planner\.samples, planner\.horizon/,
    );
  });

  it("holds runs that are continued and evaluated, and sweeps, to the same limit", async () => {
    const out = join(folder, "run");
    expect(await call(["train", "--quiet", "--out", out, ...TINY])).toMatchObject({ code: 0 });
    const little = ["--memory", "0.1"];
    const message = /This run needs more memory than it may take; got about 0\.[23] GiB/;
    expectOneError(await call(["train", "--resume", out, ...little]), 2, message);
    expectOneError(await call(["evaluate", out, ...little]), 2, message);
    const onnx = join(folder, "model.onnx");
    expectOneError(await call(["export", out, "--onnx", onnx, ...little]), 2, message);
    const sweep = ["sweep", "--out", join(folder, "sweep"), ...TINY.slice(2), "--methods", "single,finetune"];
    expectOneError(
      await call([...sweep, "--jobs", "4", "--memory", "0.6"]),
      2,
      /4 runs at a time need more memory than they may take; got about 1\.0 GiB/,
    );
  });

  it("prints what a run needs beside the settings", async () => {
    const { stdout } = await call(["settings"]);
    expect(unwrapped(stdout)).toMatch(
      /needs about [\d.]+ GiB \(quick\) or [\d.]+ GiB \(paper\) of memory; here it may take \d/,
    );
  });

  it("prints it for the settings given, more than may be taken too", async () => {
    const large = ["--suite", "reacher", "--set", "loop.bufferCapacity=100000000", "--set", "tasks=2"];
    const { stdout, code } = await call(["settings", ...large]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^loop\.bufferCapacity=100000000$/m);
    expect(unwrapped(stdout)).toMatch(
      /needs about [5-7]\.\d GiB \(quick\) or [5-7]\.\d GiB \(paper\) of memory/,
    );
    expectOneError(await call(["settings", "--set", "loop.bufferCapacity=x"]), 2, /loop\.bufferCapacity/);
  });
});

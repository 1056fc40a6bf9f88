import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import * as hypercrl from "../../scripts/index.js";
import { fileHashes, temporaryFolder } from "../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const settings = {
  ...{ "loop.initialRandomSteps": 50, "loop.stepsPerTask": 55, "loop.trainIterations": 5 },
  ...{ "loop.evaluationEpisodes": 1, "planner.samples": 16, "planner.elites": 4, "planner.iterations": 1 },
  ...{ "planner.name": "cem", "planner.horizon": 3, "dynamics.hidden": [16, 16], tasks: 1 },
};
const suite: hypercrl.TaskSuite = {
  name: "mine",
  description: "the short forearm alone",
  tasks: [hypercrl.findSuite("reacher").tasks[2]!],
};

it("train() runs a suite of one's own, stops when aborted and continues to the same bytes", async () => {
  const out = join(folder, "whole");
  const whole = await hypercrl.train({ suite, settings, out });
  expect(whole).toMatchObject({ outcome: "done", folder: out, progress: { stage: "done" } });
  expect(whole.summary.tasks.map(({ task }) => task)).toEqual(["0.30m"]);
  expect(whole.settings.planner.name).toBe("cem");

  const stop = new AbortController();
  const onProgress = (event: hypercrl.RunEvent) => {
    if (event.type === "step" && event.steps === 80) stop.abort();
  };
  const stoppedAt = join(folder, "stopped");
  const stopped = await hypercrl.train({ suite, settings, out: stoppedAt, onProgress, signal: stop.signal });
  expect(stopped).toMatchObject({ outcome: "stopped", progress: { stage: "learn", steps: 50 } });
  await expect(hypercrl.train({ resume: stoppedAt })).rejects.toThrow(/another task suite; got suite "mine"/);
  const resumed = await hypercrl.train({ resume: stoppedAt, suite });
  expect(resumed.summary).toEqual(whole.summary);
  expect(fileHashes(stoppedAt)).toEqual(fileHashes(out));
});

it("suites of a catalog are found by name", async () => {
  const catalog = hypercrl.extendCatalog(hypercrl.builtinCatalog, { suites: [suite] });
  const stop = AbortSignal.abort();
  const { settings: used } = await hypercrl.train({
    suite: "mine",
    catalog,
    settings,
    out: join(folder, "named"),
    signal: stop,
  });
  expect(used.suite).toBe("mine");
});

it("setting names are checked as on the command line", async () => {
  const options = { settings: { "planner.smaples": 1 }, out: join(folder, "never") };
  await expect(hypercrl.train(options)).rejects.toThrow(/Did you mean "planner.samples"/);
});

it("versions are those of the installed packages", async () => {
  await hypercrl.initPhysics();
  const installed = (path: string) => (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
  expect(hypercrl.currentVersions()).toEqual({
    hypercrl: installed("package.json"),
    physics: `rapier3d simd ${installed("node_modules/@dimforge/rapier3d/package.json")}`,
    node: process.version,
    onnxruntime: installed("node_modules/hypercrl-onnxruntime/package.json"),
  });
});

/** Declarations that an index's types lead to, with what each says; those of packages are not followed. */
function declarationsFrom(index: string): Map<string, string> {
  const found = new Map<string, string>();
  const read = (path: string) => {
    if (found.has(path)) return;
    const text = readFileSync(path, "utf8");
    found.set(path, text);
    for (const [, name] of text.matchAll(/(?:\bfrom |\bimport\()"(\.[^"]+)\.js"/g)) {
      read(join(dirname(path), `${name}.d.ts`));
    }
  };
  read(index);
  return found;
}

it("its types need nothing of Node's, which a project that uses it may not have", () => {
  const out = join(folder, "types");
  const compiler = "node_modules/typescript/bin/tsc";
  const options = ["-p", "tsconfig.build.json", "--emitDeclarationOnly", "--outDir", out];
  execFileSync(process.execPath, [compiler, ...options]);
  const declarations = declarationsFrom(join(out, "scripts/index.d.ts"));
  expect(declarations.size).toBeGreaterThan(50);
  const nodes = /\bBuffer\b|\bNodeJS\.|"node:[^"]*"|<reference (?:types|path)=/g;
  const needed = [...declarations].flatMap(([path, text]) =>
    [...text.matchAll(nodes)].map(([what]) => `${path.slice(out.length + 1)}: ${what}`),
  );
  expect(needed).toEqual([]);
});

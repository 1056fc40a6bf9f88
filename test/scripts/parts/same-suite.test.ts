import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeSuite, specDifferences } from "../../../agent/run/suite-record.js";
import { checkSameSuite } from "../../../scripts/parts/same-suite.js";
import { moduleHashes } from "../../../scripts/parts/suite-code.js";
import { train } from "../../../scripts/runs/train.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { pointSuite, pointTask } from "../../tasks/point-task.js";
import { call, expectOneError, TINY, unwrapped } from "../call.js";
import { writeOwnSuite } from "../own-suite.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

describe("the files of a suite", () => {
  it("are the module and what it imports by relative paths, each once", async () => {
    const at = join(folder, "suites", "mine");
    mkdirSync(join(at, "parts"), { recursive: true });
    const write = (name: string, text: string) => writeFileSync(join(at, name), text);
    write(
      "suite.mjs",
      'import "./parts/a.mjs"; import fs from "node:fs"; import "zod"; await import("./b.mjs");',
    );
    write("parts/a.mjs", 'export * from "../b.mjs"; import "../../shared.mjs"; import "../suite.mjs";');
    write("b.mjs", "export const b = 1;");
    write("unused.mjs", "");
    write("../shared.mjs", "export default 2;");
    const before = await moduleHashes(join(at, "suite.mjs"));
    expect(Object.keys(before)).toEqual(["../shared.mjs", "b.mjs", "parts/a.mjs", "suite.mjs"]);
    write("b.mjs", "export const b = 2;");
    const { "b.mjs": changed, ...others } = await moduleHashes(join(at, "suite.mjs"));
    expect(changed).not.toBe(before["b.mjs"]);
    expect(before).toMatchObject(others);
  });
});

it("specs differ where names, bounds, flags, lengths or periods do", () => {
  const record = (spec: object, name = "light") =>
    describeSuite(pointSuite(pointTask({ spec, task: { name } })), 1, undefined);
  const torque = { name: "torque", unit: "N·m", low: -1, high: 1 };
  const then = record({});
  expect(specDifferences(then, record({}))).toEqual([]);
  expect(specDifferences(then, record({ action: [{ ...torque, high: 10 }] }))).toEqual([
    "light.action.0.high: 1 in the run, 10 now",
  ]);
  expect(specDifferences(then, record({ action: [{ ...torque, name: "push" }] }))).toEqual([
    'light.action.0.name: "torque" in the run, "push" now',
  ]);
  expect(specDifferences(then, record({ episodeSteps: 70, controlPeriod: 0.2 }))).toEqual([
    "light.episodeSteps: 60 in the run, 70 now",
    "light.controlPeriod: 0.1 in the run, 0.2 now",
  ]);
  expect(specDifferences(then, record({ observation: [{ name: "angle", unit: "rad" }] }))).toContain(
    "light.observation.0.angle: true in the run, nothing now",
  );
  const ending = pointTask({ task: { terminated: () => {} } });
  expect(specDifferences(then, describeSuite(pointSuite(ending), 1, undefined))).toEqual([
    "light.terminated: nothing in the run, true now",
  ]);
  const moving = (weight: number) => [{ name: "tip", unit: "rad/s", weights: { velocity: weight } }];
  expect(specDifferences(record({ moving: moving(1) }), record({ moving: moving(2) }))).toEqual([
    "light.moving.0.weights.velocity: 1 in the run, 2 now",
  ]);
  // A run of a time when nothing was named as moving had a model that sees none of it.
  expect(specDifferences(then, record({ moving: moving(1) }))).toEqual([]);
  expect(specDifferences(then, record({}, "heavy"))[0]).toBe('task 1: "light" in the run, "heavy" now');
});

describe("a run of a suite of the package", () => {
  const run = join(folder, "run");
  beforeAll(async () => {
    expect(await call(["train", "--quiet", "--out", run, ...TINY])).toMatchObject({ code: 0 });
  });

  it("notes its specs, and is not continued, evaluated, exported or verified with others", async () => {
    const record = JSON.parse(readFileSync(join(run, "suite.json"), "utf8"));
    expect(record).toMatchObject({ suite: "reacher", tasks: [{ spec: { episodeSteps: 50 } }, {}] });
    expect(record.modules).toBeUndefined();
    const changed = join(folder, "changed");
    cpSync(run, changed, { recursive: true });
    record.tasks[0].spec.episodeSteps = 40;
    writeFileSync(join(changed, "suite.json"), JSON.stringify(record));
    const before = fileHashes(changed);
    const commands = [
      ["train", "--resume", changed],
      ["evaluate", changed],
      ["export", changed, "--onnx", join(folder, "x.onnx")],
      ["replay", join(changed, "episodes", "baseline-01-01.mcap"), "--verify"],
    ];
    for (const command of commands) {
      expectOneError(
        await call(command),
        3,
        /Suite reacher is not what run .*changed was made with; got .*\.episodeSteps: 40 in the run, 50 now/,
      );
    }
    expect(fileHashes(changed)).toEqual(before);
  });

  it("goes on as before with one line when it is an older one that noted nothing", async () => {
    const old = join(folder, "old");
    cpSync(run, old, { recursive: true });
    rmSync(join(old, "suite.json"));
    const { code, stderr } = await call(["evaluate", old]);
    expect(unwrapped(stderr)).toMatch(/^warning: run .*old does not say what its suite was .*\n$/);
    expect(code).toBe(0);
    expect(existsSync(join(old, "suite.json"))).toBe(false);
  });

  it("is refused with a record that is damaged", async () => {
    const damaged = join(folder, "damaged");
    cpSync(run, damaged, { recursive: true });
    writeFileSync(join(damaged, "suite.json"), '{"version":1,"tasks":null}');
    expectOneError(await call(["evaluate", damaged]), 3, /suite\.json is damaged; got suite: /);
  });
});

it("a run that noted nothing is refused where the suite has been revised since", () => {
  const check = (spec: { revision?: number }) => () =>
    checkSameSuite(join(folder, "nothing"), describeSuite(pointSuite(pointTask({ spec })), 1, undefined), {});
  expect(check({ revision: 2 })).toThrow(
    /Suite point is not what run .* was made with; got no suite\.json in the run, and light\.revision 2 now/,
  );
  expect(check({ revision: 0 })).not.toThrow();
  expect(check({})).not.toThrow();
});

it("a changed file of a suite of one's own is told, and accepted when the call says so", async () => {
  const run = join(folder, "own");
  const file = await writeOwnSuite(folder);
  const settings = {
    "loop.initialRandomSteps": 20,
    "loop.stepsPerTask": 20,
    "loop.trainIterations": 2,
    "loop.evaluationEpisodes": 1,
    "planner.samples": 16,
    "planner.elites": 4,
    "planner.iterations": 1,
    "planner.horizon": 2,
    "dynamics.hidden": [8],
    tasks: 1,
  };
  await train({ suite: file, method: "single", out: run, threads: 1, settings });
  const { modules } = JSON.parse(readFileSync(join(run, "suite.json"), "utf8"));
  expect(modules).toEqual({ "puck.mjs": expect.stringMatching(/^[0-9a-f]{64}$/) });
  writeFileSync(file, `${readFileSync(file, "utf8")}\n// Another mass, say.\n`);
  const message =
    /Suite puck has changed since run .*own was begun; got other contents of puck\.mjs.*--accept-changed-suite/;
  for (const command of [
    ["train", "--resume", run],
    ["evaluate", run],
    ["replay", run, "--verify"],
  ]) {
    const refused = await call([...command, "--suite", file]);
    expect(unwrapped(refused.stderr)).toMatch(message);
    expect(refused.code).toBe(3);
    const accepted = await call([...command, "--suite", file, "--accept-changed-suite"]);
    expect(unwrapped(accepted.stderr)).toMatch(/warning: suite puck has changed since run .*: puck\.mjs/);
    expect(accepted.code, accepted.stderr).toBe(0);
  }
});

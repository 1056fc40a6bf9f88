import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../files.js";
import { expectOneError, TINY_SWEEP } from "./call.js";
import { run, runScript } from "./cli.js";

/** A project of a user's own, with the package in its `node_modules`. */
const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const [suite, method, planner] = ["suite.mjs", "method.mjs", "planner.mjs"].map(file) as [
  string,
  string,
  string,
];
const ALL = ["--suite", suite, "--method", method, "--planner", planner];

/** The settings of `TINY_SWEEP` without its suite. */
const SMALL = TINY_SWEEP.slice(2);

const SUITE = `import { findSuite } from "hypercrl";
export default {
  name: "two-arms",
  description: "the first two reacher tasks",
  tasks: findSuite("reacher").tasks.slice(0, 2),
  defaults: { quick: ["loop.evaluationEpisodes=1", "dynamics.hidden=[16,16]"] },
};`;
const METHOD = `import { defineMethod, PlainLearner, z } from "hypercrl";
export default defineMethod({
  name: "separate",
  summary: "a network for every task",
  defaults: { quick: ["training.batchSize=20"] },
  settings: { rate: z.number().gt(0).default(0.002).describe("Adam's step size.") },
  create: (options, settings, { rate }) =>
    new PlainLearner({ ...options, stepSizes: { learningRate: rate, endFactor: 1 }, sharing: "single" }),
});`;
const PLANNER = `import { createRandom, definePlanner, plannerFields, z } from "hypercrl";
export default definePlanner({
  name: "shooting",
  summary: "the best of some random sequences",
  settings: {
    warmStart: plannerFields.warmStart,
    shots: z.int().min(1).default(30).describe("Action sequences compared per control step."),
  },
  create: (problem, { shots, warmStart }, rng) => createRandom(problem, { samples: shots, warmStart }, rng),
});`;

beforeAll(() => {
  mkdirSync(file("node_modules"));
  symlinkSync(resolve("."), file("node_modules/hypercrl"), "dir");
  writeFileSync(suite, SUITE);
  writeFileSync(method, METHOD);
  writeFileSync(planner, PLANNER);
});
afterAll(() => rmSync(folder, { recursive: true }));

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

describe("a suite, a method and a planner of one file each, on the command line", () => {
  const out = file("run");

  it("train, go on and are evaluated to the same returns", async () => {
    const trained = await run([
      "train",
      "--quiet",
      ...ALL,
      "--out",
      out,
      "--async",
      "--threads",
      "1",
      ...SMALL,
      "--set",
      "planner.shots=20",
    ]);
    expect(trained.code, trained.stderr).toBe(0);
    const settings = json(join(out, "settings.json"));
    expect(settings).toMatchObject({ suite: "two-arms", method: "separate", separate: { rate: 0.002 } });
    expect(settings.planner).toMatchObject({ name: "shooting", shots: 20 });
    expect(settings.training.batchSize).toBe(20);
    const resumed = await run(["train", "--quiet", "--resume", out, "--threads", "1", ...ALL]);
    expect(resumed.code, resumed.stderr).toBe(0);
    const evaluated = await run(["evaluate", out, "--json", "--threads", "1", ...ALL]);
    expect(evaluated.code, evaluated.stderr).toBe(0);
    const { tasks } = JSON.parse(evaluated.stdout) as { tasks: { episodes: { return: number }[] }[] };
    expect(tasks.map(({ episodes }) => episodes.map((e) => e.return))).toEqual(
      json(join(out, "evaluation.json")).returns[1],
    );
    const other = await run([
      "evaluate",
      out,
      "--json",
      "--threads",
      "1",
      "--suite",
      suite,
      "--method",
      method,
      "--planner",
      "cem",
    ]);
    expect(other.code, other.stderr).toBe(0);
  });

  it("must be given again where they are needed", async () => {
    const without = async (name: string, message: RegExp) => {
      const args = ALL.filter((_, i) => !(ALL[i] === name || ALL[i - 1] === name));
      expectOneError(await run(["train", "--resume", out, ...args]), 3, message);
    };
    await without("--suite", /two-arms.*--suite/);
    await without("--method", /method that is not known here; got method "separate".*--method/);
    await without("--planner", /planner that is not known here; got planner "shooting".*--planner/);
    expectOneError(await run(["train", "--resume", out, "--method", "single"]), 2, /got --method single/);
  });

  it("are described with their settings, and compared in a sweep", async () => {
    const { stdout } = await run(["settings", "--json", "--method", method, "--planner", planner]);
    const described = JSON.parse(stdout) as { name: string; quick: string; text: string }[];
    expect(described.find(({ name }) => name === "separate.rate")).toMatchObject({ quick: "0.002" });
    expect(described.find(({ name }) => name === "planner.shots")?.text).toMatch(
      /^shooting: Action sequences/,
    );
    const sweep = file("sweep");
    const compared = [
      "--methods",
      `single,${method}`,
      "--seeds",
      "1",
      "--suite",
      suite,
      "--planner",
      planner,
    ];
    const begun = await run(["sweep", "--json", "--out", sweep, ...compared, ...SMALL]);
    expect(begun.code, begun.stderr).toBe(0);
    const { methods } = JSON.parse(begun.stdout) as { methods: { method: string; runs: number }[] };
    expect(methods.map((m) => [m.method, m.runs])).toEqual([
      ["single", 1],
      ["separate", 1],
    ]);
  });
});

it("from a program, a run stops and goes on, and an object without a module does not train in the background", async () => {
  const script = file("program.mjs");
  const settings = Object.fromEntries(
    SMALL.filter((word) => word !== "--set").map((word) => {
      const [name, value] = word.split("=") as [string, string];
      return [name, JSON.parse(value)];
    }),
  );
  writeFileSync(
    script,
    `import { train, evaluateRun } from "hypercrl";
import suite from "./suite.mjs";
import method from "./method.mjs";
import planner from "./planner.mjs";
const parts = { suite, method, planner };
const settings = ${JSON.stringify(settings)};
const out = ${JSON.stringify(file("by-program"))};
const stop = new AbortController();
const first = await train({ ...parts, settings, out, threads: 1, signal: stop.signal, onProgress: () => stop.abort() });
const second = await train({ ...parts, resume: out, threads: 1 });
const { tasks } = await evaluateRun(out, { ...parts, threads: 1 });
const refused = await train({ ...parts, settings, async: true }).catch((error) => error.message);
console.log(JSON.stringify({ outcomes: [first.outcome, second.outcome], tasks: tasks.length, refused }));`,
  );
  const { code, stdout, stderr } = await runScript(script, []);
  expect(code, stderr).toBe(0);
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ outcomes: ["stopped", "done"], tasks: 2 });
  expect(result.refused).toMatch(/separate cannot train in the background; got an object/);
});

describe("what is refused", () => {
  const out = file("never");
  const refuse = async (option: string, text: string, code: number, message: RegExp) => {
    const path = file("refused.mjs");
    writeFileSync(path, text);
    expectOneError(await run(["train", `--${option}`, path, "--out", out]), code, message);
    expect(existsSync(out)).toBe(false);
  };

  it("says what is missing of a method or planner, and which names are taken", async () => {
    await refuse(
      "method",
      "export default {}",
      3,
      /exports a method that cannot be used; got name is undefined/,
    );
    await refuse(
      "planner",
      "export const a = 1",
      3,
      /exports no planner; got a default export that is undefined/,
    );
    await refuse(
      "method",
      METHOD.replace('"separate"', '"my method"'),
      3,
      /exports a method that cannot be used; got name is "my method"/,
    );
    await refuse(
      "method",
      METHOD.replace('"separate"', '"ewc"'),
      3,
      /refused\.mjs exports a method that cannot be used: Two methods have the same name; got "ewc"/,
    );
    await refuse(
      "planner",
      PLANNER.replace("shots:", "samples:"),
      3,
      /refused\.mjs exports a planner that cannot be used: Setting samples .*got planner.samples of planner/,
    );
    await refuse(
      "planner",
      PLANNER.replace(".default(30)", ""),
      3,
      /settings cannot be used; got shots without a default/,
    );
  });

  it("says which default is wrong, and in which file", async () => {
    await refuse(
      "planner",
      PLANNER.replace(".default(30)", ".default(0)"),
      3,
      /refused\.mjs exports a planner whose settings cannot be used; got shots with the default 0; expected a default that the setting allows: .*>=1/,
    );
    await refuse(
      "method",
      METHOD.replace("batchSize=20", "batchSize=0"),
      3,
      /refused\.mjs exports a method that cannot be used: Setting training\.batchSize is not valid in the defaults of method separate; got 0/,
    );
  });

  it.each([[[]], [["--async"]]])(
    "a learner of the wrong shape leaves no run behind: train %j",
    async (more) => {
      const path = file("shapeless.mjs");
      writeFileSync(
        path,
        METHOD.replace(/create: [\s\S]*$/, "create: () => ({ beginTask() {}, train: 3 }),\n});"),
      );
      expectOneError(
        await run(["train", "--method", path, "--out", out, ...more]),
        3,
        /shapeless\.mjs exports a method that cannot be used: Method separate makes a learner that cannot be used; got train is 3/,
      );
      expect(existsSync(out)).toBe(false);
    },
  );
});

import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { taskRules } from "../../../tasks/conformance/conformance.js";
import { temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { call, expectOneError, TINY_PUSH, TINY_SETTINGS, unwrapped } from "../call.js";
import { run } from "../cli.js";

const EXAMPLE = resolve("docs/examples/puck-suite.mjs");
const folder = temporaryFolder();
const out = join(folder, "run");
afterAll(() => rmSync(folder, { recursive: true }));

describe("the example", () => {
  beforeAll(async () => {
    const args = ["--suite", EXAMPLE, "--method", "hypercrl", "--out", out, ...TINY_PUSH];
    const { code, stderr } = await run(["train", "--json", ...args]);
    expect(code, stderr).toBe(0);
  });

  it("is listed", async () => {
    const { stdout, code } = await run(["tasks", "--json", "--suite", EXAMPLE]);
    expect(code).toBe(0);
    const [suite] = take(1, JSON.parse(stdout) as { suite: string; tasks: { task: string }[] }[]);
    expect([suite.suite, ...suite.tasks.map(({ task }) => task)]).toEqual(["puck", "0.5kg", "1kg", "2kg"]);
  });

  it("is trained, evaluated and replayed bit by bit", async () => {
    const evaluation = JSON.parse(readFileSync(join(out, "evaluation.json"), "utf8")) as {
      tasks: string[];
      returns: number[][][];
    };
    expect(evaluation.tasks).toEqual(["0.5kg", "1kg"]);
    const evaluated = await run(["evaluate", out, "--json", "--threads", "1", "--suite", EXAMPLE]);
    const { tasks } = JSON.parse(evaluated.stdout) as { tasks: { episodes: { return: number }[] }[] };
    expect(tasks.map(({ episodes }) => episodes.map((e) => e.return))).toEqual(evaluation.returns[1]);
    const episode = join(out, "episodes", "02-evaluate-01-01.mcap");
    expect(await run(["replay", episode, "--verify", "--suite", EXAMPLE])).toMatchObject({ code: 0 });
  });

  it("is in the commands that the run prints and errors advise", async () => {
    const { stdout } = await run(["train", "--resume", out, "--suite", EXAMPLE]);
    expect(stdout).toContain(` --verify --suite ${EXAMPLE}\n`);
    const begun = join(folder, "begun");
    cpSync(out, begun, { recursive: true });
    rmSync(join(begun, "checkpoints"), { recursive: true });
    const { code, stderr } = await run(["evaluate", begun, "--suite", EXAMPLE]);
    expect(unwrapped(stderr)).toContain(`hypercrl train --resume ${begun} --suite ${EXAMPLE}`);
    expect(code).toBe(3);
  });

  it("must be given again to continue, evaluate or verify a run", async () => {
    for (const args of [
      ["train", "--resume", out],
      ["evaluate", out],
      ["replay", out, "--verify"],
    ]) {
      const { code, stderr } = await call(args);
      expect(code, stderr).toBe(3);
      expect(unwrapped(stderr)).toMatch(/"puck".*Give the module of the suite with --suite/);
    }
    const resumed = await run(["train", "--quiet", "--resume", out, "--threads", "1", "--suite", EXAMPLE]);
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    expectOneError(await call(["train", "--resume", out, "--suite", "push"]), 2, /got --suite push/);
  });
});

describe("a sweep of the example", () => {
  const sweep = join(folder, "sweep");

  it("runs every method on it, and goes on from the manifest alone", async () => {
    const all = ["--suite", EXAMPLE, "--methods", "single", "--seeds", "1", "--out", sweep, ...TINY_SETTINGS];
    const begun = await run(["sweep", "--json", ...all]);
    expect(begun.code, begun.stderr).toBe(0);
    const { suite, suiteFile } = JSON.parse(readFileSync(join(sweep, "sweep.json"), "utf8"));
    expect([suite, resolve(sweep, suiteFile)]).toEqual(["puck", EXAMPLE]);
    const more = await run(["sweep", "--json", "--resume", "--out", sweep, "--methods", "hypercrl"]);
    expect(more.code, more.stderr).toBe(0);
    const { methods } = JSON.parse(more.stdout) as { methods: { method: string; runs: number }[] };
    expect(methods.map(({ method, runs }) => [method, runs])).toEqual([
      ["single", 1],
      ["hypercrl", 1],
    ]);
  });

  it("is not continued with another suite", async () => {
    const resume = ["sweep", "--resume", "--out", sweep, "--suite"];
    expectOneError(
      await call([...resume, "push"]),
      2,
      /another suite; got "push"; expected ".*puck-suite\.mjs"/,
    );
    expect(await run([...resume, EXAMPLE, "--quiet"])).toMatchObject({ code: 0 });
  });

  it("ends before anything is written when the module breaks a rule", async () => {
    const file = join(folder, "sweep-broken.mjs");
    writeFileSync(file, "export const suite = {}");
    const where = join(folder, "never");
    expectOneError(await call(["sweep", "--suite", file, "--out", where]), 3, /breaks the rule "suite"/);
    expect(existsSync(where)).toBe(false);
  });
});

describe("a module that is no suite", () => {
  /** @param by in a process of its own where what Node.js itself makes of the module, or of its imports, matters */
  const refused = async (name: string, text: string, message: RegExp, by = call) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    const where = join(folder, "never");
    expectOneError(await by(["train", "--suite", file, "--out", where]), 3, message);
  };

  it("is refused with what is wrong: missing, not JavaScript, throwing, without tasks", async () => {
    expectOneError(
      await call(["train", "--suite", "./none.mjs"]),
      3,
      /none\.mjs is missing; got no file at .*none\.mjs; expected a module/,
    );
    const cut = /a\.mjs cannot be loaded; got the error "Unexpected end/;
    await refused("a.mjs", "export default {", cut, run);
    await refused("b.mjs", "throw new Error('no luck')", /cannot be loaded; got the error "no luck"/);
    await refused("c.mjs", "export const suite = {}", /breaks the rule "suite"; got a default export that/);
    await refused(
      "d.mjs",
      'export default { name: "mine", description: "x", tasks: [{ name: "t" }] }',
      /Task t of suite mine breaks the rule "interface"; got task.createScene is undefined; expected a function/,
    );
  });

  it("is refused naming task, rule, got and expected when a task breaks a rule", async () => {
    const example = readFileSync(EXAMPLE, "utf8");
    const broken = (from: string, to: string) => {
      expect(example).toContain(from);
      return example
        .replace(from, to)
        .replace('from "hypercrl"', `from ${JSON.stringify(resolve("dist/scripts/index.js"))}`);
    };
    await refused(
      "noise.mjs",
      broken("FORCE * action[0]", "FORCE * action[0] + 1e-3 * Math.random()"),
      /Task 0\.5kg of suite puck breaks the rule "deterministic"; got step 1 differs .*; expected the same bytes/,
      run,
    );
    await refused(
      "taken.mjs",
      broken('name: "puck",\n  description', 'name: "push",\n  description'),
      /taken\.mjs exports a suite that cannot be used: Two task suites have the same name; got "push" twice/,
      run,
    );
  });
});

it("the document names every rule", () => {
  const text = readFileSync("docs/guides/own-suite.md", "utf8");
  const rules = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(rules.sort()).toEqual(
    ["same-layout", "same-parameters", "suite", ...taskRules.map(({ name }) => name)].sort(),
  );
});

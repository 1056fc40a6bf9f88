import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { temporaryFolder } from "../../../files.js";
import { start } from "../../cli.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

const tuning = (...args: string[]) =>
  start(args, root, {}, resolve("dist/scripts/bench/tuning/main.js")).finished;

it("makes the runs of a grid, keeps what they came to, and goes on where it was", async () => {
  const set = {
    ...{ "loop.initialRandomSteps": 60, "loop.stepsPerTask": 50, "loop.trainIterations": 2 },
    ...{ "loop.evaluationEpisodes": 1, "dynamics.hidden": [8], "planner.horizon": 2 },
    ...{ "planner.samples": 8, "planner.elites": 4, "planner.iterations": 1 },
  };
  const slow = { label: "single-slow", method: "single", set: { "mlp.learningRate": 1e-5 } };
  const grid = { suite: "reacher", tasks: 1, methods: ["single", slow], seeds: [101, 102], set };
  const page = () => readFileSync(join(root, "docs/tuning/reacher.md"), "utf8");
  mkdirSync(join(root, "docs/tuning"), { recursive: true });
  mkdirSync(join(root, "docs/results"));
  writeFileSync(join(root, "docs/tuning/reacher.json"), JSON.stringify(grid));

  expect(await tuning("reacher", "--page")).toMatchObject({ code: 0, stdout: "" });
  expect(page()).toContain("**No run has been made yet.**");

  const first = await tuning("reacher", "--jobs", "2");
  expect(first).toMatchObject({ code: 0 });
  expect(first.stdout).toMatch(/^\| method \| chosen \|/);
  expect(first.stdout).toMatch(
    /\n\| single \| .*\| (highest mean|single-slow is higher within the spread) \|\n$/,
  );
  expect(page()).toContain("4 of 4 runs are finished, 0 failed");
  expect(readdirSync(join(root, "docs/results/tuning/reacher"))).toEqual([
    "sweep-results.json",
    "sweep.json",
  ]);

  const again = await tuning("reacher");
  expect(again).toMatchObject({ code: 0, stdout: first.stdout });
  expect(again.stderr).toContain("Sweep of 4 runs on reacher, 4 finished already");

  expect(await tuning("pull")).toMatchObject({ code: 3, stdout: "" });
});

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { metricsByType, readMetrics } from "../../../agent/run/read-log.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { call, expectOneError, type Finished, TINY, TINY_PUSH, unwrapped } from "../call.js";
import { CLI, run } from "../cli.js";

const folder = temporaryFolder();
const out = join(folder, "run");
let trained: Finished;

beforeAll(async () => {
  trained = await run(["train", "--out", out, "--method", "finetune", ...TINY_PUSH]);
  expect(trained.code, trained.stderr).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true }));

function records() {
  return metricsByType(readMetrics(out));
}

it("train without a terminal prints one line per episode and evaluation, then the summary", () => {
  const { stdout } = trained;
  expect(stdout.match(/^task \d\/2 \S+ {2}step /gm)).toHaveLength(records().episode.length);
  expect(stdout.match(/ evaluated on /g)).toHaveLength(3);
  const evaluation = (afterTask: number, j: number) =>
    records().evaluation.find((r) => r.afterTask === afterTask && r.taskIndex === j)!.return;
  const row = stdout.split("\n").find((line) => line.startsWith("│ 500-500"))!;
  const cells = row.split("│").map((cell) => cell.trim());
  const [right, final] = [evaluation(0, 0), evaluation(1, 0)];
  expect(cells.slice(3, 6)).toEqual([right, final, right - final].map((v) => v.toFixed(1)));
  expect(stdout).not.toContain("\u001b");
});

it("train ends with a replay command that works", async () => {
  const [, path] = take(2, /npx hypercrl replay (\S+) --verify/.exec(trained.stdout)!);
  expect(await run(["replay", path, "--verify"])).toMatchObject({ code: 0 });
  const { evaluation } = records();
  const best = evaluation.find(({ recording }) => join(out, recording) === path)!;
  expect(best.return).toBe(Math.max(...evaluation.map((r) => r.return)));
  expect(trained.stdout).toContain(`Simulate the best evaluation episode (${best.task}, return`);
});

it("train ends with a report command that writes into the run folder", () => {
  expect(trained.stdout.split("\n")).toContain(`  npx hypercrl report ${out}`);
});

it("evaluate --tasks unannounced says how tasks were recognised, beside what the run returned when it was told", async () => {
  const before = fileHashes(out);
  const { code, stdout } = await call(["evaluate", out, "--tasks", "unannounced", "--json"]);
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as {
    tasks: { mean: number; toldRatio: number; rightShare: number }[];
  };
  expect(report).toMatchObject({
    afterTask: 2,
    complete: true,
    recognition: { hazard: 0.003, certain: 0.95 },
  });
  for (const [j, task] of report.tasks.entries()) {
    const told = records().evaluation.find((r) => r.afterTask === 1 && r.taskIndex === j)!;
    expect(task).toMatchObject({ task: told.task, toldReturn: told.return, countedEpisodes: 1 });
    expect(task.toldRatio).toBeCloseTo(task.mean / told.return, 12);
    expect(task.rightShare).toBeGreaterThanOrEqual(0);
    expect(task.rightShare).toBeLessThanOrEqual(1);
  }
  const args = ["evaluate", out, "--tasks", "unannounced", "--switch-every", "1"];
  const text = unwrapped((await call(args)).stdout);
  expect(text).toMatch(
    /^After 2 tasks, unannounced, 1 episode per task; the task changes after every episode, /,
  );
  expect(text).toContain("recognised");
  expect(fileHashes(out)).toEqual(before);
});

it("evaluate --switch-steps says how changes within episodes were found, beside the same episodes told every task", async () => {
  const args = ["evaluate", out, "--tasks", "unannounced", "--switch-steps", "50-70"];
  const text = (await call(args)).stdout;
  expect(unwrapped(text)).toMatch(
    /^After 2 tasks, unannounced, 1 episode per task; within an episode a task lasts 50 to 70 steps, then it changes:/,
  );
  expect(text).toMatch(/^\d changes within episodes:$/m);
  expect(text).toMatch(/│ all +│ +\d+ │ +\d+ of \d+ │/);
  expect(text).toContain("│ 11 to 20 ");
  const { stdout } = await call([...args, "--json"]);
  const { switchSteps, switches, tasks } = JSON.parse(stdout) as {
    switchSteps: object;
    switches: { all: { changes: number }; toldReturn: number; mean: number; toldRatio: number };
    tasks: { toldReturn: number; episodes: { toldReturn: number; recognition: { switches: object[] } }[] }[];
  };
  expect(switchSteps).toEqual({ low: 50, high: 70 });
  const episodes = tasks.flatMap((task) => task.episodes);
  expect(switches.all.changes).toBe(episodes.flatMap(({ recognition }) => recognition.switches).length);
  expect(switches.toldReturn).toBeCloseTo((tasks[0]!.toldReturn + tasks[1]!.toldReturn) / 2, 9);
  expect(switches.toldRatio).toBeCloseTo(switches.mean / switches.toldReturn, 12);
});

it.each([
  [
    ["--tasks", "unannounced", "--switch-steps", "0"],
    /'0' is invalid. Expected steps from 1 that a task lasts/,
  ],
  [
    ["--tasks", "unannounced", "--switch-steps", "9-5"],
    /'9-5' is invalid. Expected .* from the smaller to the larger/,
  ],
  [
    ["--tasks", "unannounced", "--switch-steps", "20-120"],
    /after the end of an episode; got switch steps 20-120/,
  ],
  [["--tasks", "unannounced", "--switch-steps", "9", "--after-task", "1"], /too few tasks to tell apart/],
  [["--switch-steps", "9"], /The task changes within episodes only where it is not announced/],
  [
    ["--tasks", "unannounced", "--switch-steps", "9", "--switch-every", "1"],
    /--switch-steps <n\|min-max>' cannot be used with option '--switch-every <n>'/,
  ],
  [["--tasks", "unannounced", "--oracle"], /The oracle plans through the simulator of its task/],
  [["--tasks", "unannounced", "--after-task", "1"], /There are too few tasks to tell apart; got 1 task/],
  [["--tasks", "unannounced", "--switch-every", "0"], /'0' is invalid. Expected a whole number from 1/],
  [["--switch-every", "2"], /The task changes between episodes only where it is not announced/],
  [["--oracle", "--switch-every", "2"], /--switch-every <n>' cannot be used with option '--oracle'/],
  [["--tasks", "2"], /A run is evaluated on every task it has learned; got --tasks 2/],
  [["--tasks", "some"], /'some' is invalid. Expected a number of tasks with --oracle, unannounced or unseen/],
])("evaluate refuses %j", async (flags, message) => {
  expectOneError(await call(["evaluate", out, ...flags]), 2, message);
});

it("evaluate repeats the run's own evaluation exactly and changes nothing in the run", async () => {
  const before = fileHashes(out);
  for (const afterTask of [1, 0]) {
    const { code, stdout } = await call(["evaluate", out, "--json", "--after-task", `${afterTask + 1}`]);
    const { tasks } = JSON.parse(stdout) as {
      tasks: { task: string; episodes: object[]; modelError: object }[];
    };
    const own = records().evaluation.filter((r) => r.afterTask === afterTask);
    expect(own).toHaveLength(afterTask + 1);
    expect(tasks.map(({ task, episodes }) => [task, ...episodes])).toEqual(
      own.map(({ task, return: sum, success, measures }) => [task, { return: sum, success, measures }]),
    );
    const errors = records().modelError.filter((r) => r.afterTask === afterTask);
    expect(errors).toMatchObject(tasks.map(({ modelError }) => modelError));
    expect(code).toBe(0);
  }
  expect(fileHashes(out)).toEqual(before);
});

it("evaluate --seed meets other starts, --episodes and --after-task choose, --out writes once", async () => {
  const file = join(folder, "evaluation.json");
  const args = ["evaluate", out, "--after-task", "1", "--episodes", "2", "--seed", "5", "--out", file];
  const { code, stdout } = await run(args);
  expect(code).toBe(0);
  expect(stdout).toMatch(/After 1 task, 2 episodes per task:/);
  expect(stdout).toMatch(/│ 500-500, m +│ [\d.]+ \(\d+ %\) │/);
  const { tasks } = JSON.parse(readFileSync(file, "utf8")) as {
    tasks: { mean: number; episodes: { return: number }[] }[];
  };
  expect(tasks).toHaveLength(1);
  const returns = tasks[0]!.episodes.map((e) => e.return);
  const [a, b] = take(2, returns);
  expect(tasks[0]!.mean).toBeCloseTo((a + b) / 2, 12);
  const own = records().evaluation.find((r) => r.afterTask === 0)!;
  expect([a, b]).not.toContain(own.return);
  expect(await call(args)).toMatchObject({ code: 2 });
});

it("evaluate --starts varied says so in heading, figures and recordings, which replay --verify finds again", async () => {
  const [file, recordings] = [join(folder, "varied.json"), join(folder, "varied")];
  const args = ["evaluate", out, "--after-task", "1", "--starts", "varied"];
  const { code, stdout, stderr } = await call([...args, "--out", file, "--recordings", recordings]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^After 1 task, 1 episode per task from varied starts \(seed 90000\):\n/);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ starts: "varied", startSeed: 90_000 });
  const episode = join(recordings, "01-evaluate-01-01.mcap");
  const { header, start } = readEpisode(episode);
  expect(header.starts).toBe("varied");
  const published = readEpisode(join(out, "episodes", "01-evaluate-01-01.mcap"));
  expect(published.header.starts).toBeUndefined();
  expect(start.observation).not.toEqual(published.start.observation);
  expect(await call(["replay", episode, "--verify"])).toMatchObject({ code: 0 });

  const oracle = ["evaluate", "--oracle", "--episodes", "1", "--tasks", "1", "--threads", "1"];
  const small = ["samples=2", "elites=1", "horizon=1", "iterations=1"].flatMap((set) => [
    "--set",
    `planner.${set}`,
  ]);
  const made = join(folder, "varied-oracle.json");
  const played = await call([...oracle, "--suite", "push", ...small, "--starts", "varied", "--out", made]);
  expect(played.stdout).toMatch(
    /^Oracle on 1 task of push, 1 episode each from varied starts \(seed 90000\),/,
  );
  expect(played.stdout).toMatch(/^Oracle, 1 episode per task from varied starts \(seed 90000\):\n┌/m);
  for (const command of ["report", "sweep"]) {
    const where =
      command === "report" ? [out, "--out", join(folder, "never.html")] : ["--out", join(folder, "never")];
    const refused = await call([command, ...where, "--oracle", made]);
    expectOneError(
      refused,
      3,
      /varied-oracle\.json is no reference for runs; got figures of episodes from varied/,
    );
  }
  const without = await call([...oracle, "--suite", "reacher", "--starts", "varied"]);
  expectOneError(without, 2, /cannot start from varied starts; got varied, and task \S+ of suite reacher/);
  expectOneError(await call([...args.slice(0, -1), "other"]), 2, /Allowed choices are published, varied/);
});

it("evaluate --set plans with other settings, and takes none that only learning knows", async () => {
  const args = ["evaluate", out, "--json", "--set"];
  const returns = async (set: string) => {
    const { code, stdout } = await call([...args, set]);
    expect(code).toBe(0);
    const { tasks } = JSON.parse(stdout) as { tasks: { episodes: { return: number }[] }[] };
    return tasks.map(({ episodes }) => episodes[0]!.return);
  };
  const own = records().evaluation.filter((r) => r.afterTask === 1);
  expect(await returns("planner.warmStart=true")).toEqual(own.map((r) => r.return));
  expect(await returns("planner.name=random")).not.toEqual(own.map((r) => r.return));
  const { code, stderr } = await call([...args, "loop.trainEvery=5"]);
  expect([code, unwrapped(stderr)]).toEqual([
    2,
    expect.stringMatching(/got "loop.trainEvery=5"; expected planner\./),
  ]);
});

it("train --json prints JSON lines only and names the default folder, then the next free one", async () => {
  for (const name of ["reacher-single-quick-s9", "reacher-single-quick-s9-2"]) {
    const args = ["train", "--method", "single", "--seed", "9", "--json", ...TINY, "--tasks", "1"];
    const { stdout, code, stderr } = await run(args, folder);
    expect(code, stderr).toBe(0);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; folder?: string });
    const types = ["start", "baseline", "episode", "training", "planning", "kept", "evaluation"];
    expect(new Set(lines.map(({ type }) => type))).toEqual(
      new Set([...types, "modelError", "usage", "summary"]),
    );
    const told = lines.filter(({ type }) => type === "evaluation" || type === "episode");
    const logged = readMetrics(join(folder, "runs", name));
    expect(told).toEqual(logged.filter(({ type }) => type === "evaluation" || type === "episode"));
    expect(lines.at(-1)).toMatchObject({ type: "summary", folder: `runs/${name}` });
    expect(existsSync(join(folder, "runs", name, "evaluation.json"))).toBe(true);
  }
  const [first, second] = ["s9", "s9-2"].map((s) =>
    fileHashes(join(folder, `runs/reacher-single-quick-${s}`)),
  );
  expect(second).toEqual(first);
});

it("replay shows every tenth step and the totals", async () => {
  const { stdout, code } = await call(["replay", join(out, "episodes", "01-evaluate-01-01.mcap")]);
  const steps = [...stdout.matchAll(/^│ +(\d+) │/gm)].map(([, step]) => Number(step));
  expect([...new Set(steps)]).toEqual(Array.from({ length: 12 }, (_, i) => 10 * (i + 1)));
  expect(stdout).toMatch(/suite push, task 500-500, evaluate episode after beginning 1 task, seed 90000/);
  expect(code).toBe(0);
});

it("tasks and settings list what there is", async () => {
  const tasks = await run(["tasks", "--json"]);
  expect(JSON.parse(tasks.stdout)[0]).toMatchObject({
    suite: "push",
    tasks: expect.objectContaining({ length: 5 }),
  });
  expect((await call(["tasks"])).stdout).toMatch(/500-500 +│ +10 │ +2 │ +120 │ +10 Hz/);
  const settings = await call(["settings", "--json"]);
  expect(JSON.parse(settings.stdout)).toContainEqual(
    expect.objectContaining({ name: "planner.name", quick: '"icem"', paper: '"cem"' }),
  );
  expect((await run(["settings"])).stdout).toMatch(/^planner\.samples=64 {2}\(paper: 500\)$/m);
  const { stdout } = await call(["settings", "--suite", "cheetah"]);
  expect(stdout).toMatch(/^loop\.initialRandomSteps=\d+ {2}\(paper: 10000\)/m);
  expectOneError(await call(["settings", "--suite", "dor"]), 2, /Did you mean "door"/);
});

it("--version prints the package's version", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(await run(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

it("a reader that leaves ends the program quietly, and the run can be continued", async () => {
  const piped = join(folder, "piped");
  const command = [process.execPath, CLI, "train", "--json", "--out", piped, ...TINY].map(
    (word) => `'${word}'`,
  );
  const shell = spawnSync("bash", ["-c", `${command.join(" ")} | head -1; echo \${PIPESTATUS[0]}`], {
    encoding: "utf8",
  });
  expect(shell.stdout).toMatch(/^\{"type":"start".*\}\n141\n$/);
  expect(shell.stderr).toBe("");
  expect(await run(["train", "--quiet", "--resume", piped, "--threads", "1"])).toMatchObject({ code: 0 });
});

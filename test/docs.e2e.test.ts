import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { methods } from "../agent/methods/registry.js";
import { isModulePath } from "../scripts/parts/module-path.js";
import { commandBlocks, pages, partsOf, wordsOf } from "./documents.js";
import { temporaryFolder } from "./files.js";
import { call } from "./scripts/call.js";
import { run, start } from "./scripts/cli.js";

/** The suite of the package whose episodes take the least time. */
const FASTEST = "reacher";

/** A run of a suite whose starts can vary, which the fastest does not have. */
const VARYING_RUN = "runs/first-of-push";

/** Every stage of a run, as short as it can be. */
const SMALL: Readonly<Record<string, unknown>> = {
  tasks: 2,
  "loop.initialRandomSteps": 10,
  "loop.stepsPerTask": 10,
  "loop.trainEvery": 8,
  "loop.trainIterations": 2,
  "loop.evaluationEpisodes": 1,
  "planner.samples": 8,
  "planner.elites": 4,
  "planner.iterations": 1,
  "planner.horizon": 2,
  "dynamics.hidden": [8],
};
const flagsOf = (settings: Readonly<Record<string, unknown>>) =>
  Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${JSON.stringify(value)}`]);
const SMALL_FLAGS = flagsOf(SMALL);
const SMALL_PLANNER_FLAGS = flagsOf(
  Object.fromEntries(Object.entries(SMALL).filter(([name]) => name.startsWith("planner."))),
);

/** What the guides call the files of a reader who has copied an example. */
const EXAMPLES = [
  ["puck-suite.mjs", "my-suite.mjs"],
  ["fading-method.mjs", "my-method.mjs"],
  ["held-planner.mjs", "my-planner.mjs"],
] as const;

// Pages share one folder, as they do for a reader who follows them in order: `runs/first` is learned once.
const folder = temporaryFolder();
const root = resolve(".");
beforeAll(() => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/hypercrl"));
  symlinkSync(resolve("docs"), join(folder, "docs"));
  for (const [example, name] of EXAMPLES) copyFileSync(join("docs/examples", example), join(folder, name));
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(root);
  rmSync(folder, { recursive: true, force: true });
});

const withCommands = pages
  .map((page) => [page, commandBlocks(page).filter(({ notRun }) => notRun === undefined)] as const)
  .filter(([, blocks]) => blocks.length > 0);

describe.each(withCommands)("%s", (_, blocks) => {
  for (const { commands, json } of blocks) {
    for (const command of commands) {
      it(command, { timeout: 300_000 }, async () => {
        for (const part of partsOf(command)) await runPart(part, json);
      });
    }
  }
});

/** Runs what the project itself answers for; `npm` and `npx vitest` are the subject of other tests. */
async function runPart(command: string, json: string | undefined): Promise<void> {
  const [program = "", ...words] = wordsOf(command);
  if (program === "npm" || words[0] === "vitest") return;
  if (words[0] === "hypercrl") await runHyperCrl(words.slice(1), json);
  else execFileSync(program, words, { cwd: folder });
}

async function runHyperCrl(given: readonly string[], json: string | undefined): Promise<void> {
  // A reader's first run is of push, whose starts can vary; the one made here is of a suite whose starts cannot.
  const first = valueAfter(given, "--starts") === "varied" ? VARYING_RUN : "runs/first";
  const words = given.map((word) =>
    word === "runs/first" ? first : word.replace(/05-evaluate/, "02-evaluate"),
  );
  await provideRuns(words);
  const file = valueAfter(words, "--file");
  if (file !== undefined && json !== undefined) writeFileSync(join(folder, file), smaller(json));
  const args = withSmallSettings(words);
  const key = args.join(" ");
  if (passed.has(key)) return;
  removeOutputs(words);
  const { code, stdout, stderr } = await finished(args);
  expect(code, `hypercrl ${key}\n${stdout}\n${stderr}`).toBe(0);
  passed.add(key);
}

/** Commands that have run; pages may give the same one. */
const passed = new Set<string>();

function finished(args: readonly string[]) {
  if (serves(args)) return untilServed(args);
  // Modules of one's own import the built package, and a sweep starts processes of its own.
  const needsBuild = args[0] === "sweep" || args.some((word) => /\.mjs\b/.test(word));
  return needsBuild ? run(args, folder) : call(args);
}

const valueAfter = (words: readonly string[], flag: string) => {
  const at = words.indexOf(flag);
  return at < 0 ? undefined : words[at + 1];
};

const startsRuns = ([name, ...words]: readonly string[]) =>
  name === "train" || name === "sweep"
    ? !["--resume", "--report"].some((flag) => words.includes(flag))
    : false;

function withSmallSettings(words: readonly string[]): string[] {
  const fewer = words.flatMap((word, i) => {
    if (words[i - 1] === "--seeds") return [word.split(/[,-]/)[0] ?? word];
    if (words[i - 1] === "--episodes") return ["1"];
    const chooses = startsRuns(words) || words.includes("--oracle");
    if (words[i - 1] === "--suite" && chooses && !isModulePath(word)) return [FASTEST];
    // Given anew by the small settings.
    const isTasks = word === "--tasks" || words[i - 1] === "--tasks";
    return isTasks && startsRuns(words) ? [] : [word];
  });
  if (startsRuns(words) && !words.includes("--suite") && !words.includes("--file"))
    fewer.push("--suite", FASTEST);
  if (
    words[0] === "sweep" &&
    startsRuns(words) &&
    !["--seeds", "--file"].some((flag) => words.includes(flag))
  )
    fewer.push("--seeds", "1");
  if (["train", "evaluate", "demo"].includes(words[0] ?? "")) fewer.push("--threads", "1");
  if (words[0] === "evaluate" && words.includes("--oracle")) fewer.push(...SMALL_PLANNER_FLAGS);
  return startsRuns(words) && !words.includes("--file") ? [...fewer, ...SMALL_FLAGS] : fewer;
}

/** A comparison from a page, with small settings and one seed. */
function smaller(json: string): string {
  const { set, methods: compared } = JSON.parse(json);
  const once = compared.map((method: string | object) =>
    typeof method === "string" ? method : { ...method, seeds: [1] },
  );
  return JSON.stringify({ suite: FASTEST, methods: once, seeds: [1], set: { ...set, ...SMALL } });
}

/** Commands refuse to write over what exists; a page may give the same example twice. */
function removeOutputs(words: readonly string[]): void {
  if (words[0] === "report" || (words[0] === "sweep" && !startsRuns(words))) return;
  for (const flag of ["--out", "--onnx", "--export", "--recordings"]) {
    const path = valueAfter(words, flag);
    if (path !== undefined) rmSync(join(folder, path), { recursive: true, force: true });
  }
}

/** Makes the runs that a page speaks of but has not learned itself; one called like a method is of that method. */
async function provideRuns(words: readonly string[]): Promise<void> {
  for (const word of words) {
    const [, name] = /^(?:.*=)?runs\/([\w-]+)/.exec(word) ?? [];
    if (name === undefined || existsSync(join(folder, "runs", name))) continue;
    if (startsRuns(words) || [valueAfter(words, "--recordings"), valueAfter(words, "--out")].includes(word))
      continue;
    const method = methods.some((known) => known.name === name) ? name : "hypercrl";
    const seed = String(1 + [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0));
    const args = withSmallSettings([
      "train",
      "--method",
      method,
      "--seed",
      seed,
      "--out",
      join("runs", name),
      "--quiet",
    ]);
    // The last of two counts.
    const suite = word === VARYING_RUN ? ["--suite", "push"] : [];
    const { code, stderr } = await finished([...args, ...suite]);
    expect(code, stderr).toBe(0);
  }
}

const serves = ([name, ...words]: readonly string[]) =>
  (name === "view" && !words.includes("--export")) ||
  words.includes("--view") ||
  words.includes("--view-port");

/** Waits for the page's address, then stops the command as Ctrl-C does. */
async function untilServed(args: readonly string[]) {
  const viewer = start(args, folder);
  while (!/until Ctrl-C/.test(viewer.printed().stdout) && viewer.running())
    await new Promise((done) => setTimeout(done, 50));
  viewer.kill("SIGINT");
  return viewer.finished;
}

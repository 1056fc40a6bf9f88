import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../../agent/run/checkpoint.js";
import { writeTaskState } from "../../../agent/run/checkpoint-writer.js";
import { hashSettings } from "../../../agent/run/origin.js";
import { readSettings } from "../../../agent/run/read-run.js";
import { train } from "../../../scripts/runs/train.js";
import { reacherSuite } from "../../../tasks/reacher/reacher.js";
import { fileHashes, flipByte, halve, temporaryFolder } from "../../files.js";
import { call, expectOneError, TINY, unwrapped } from "../call.js";

const folder = temporaryFolder();
const good = join(folder, "good");

beforeAll(async () => {
  const { code, stderr } = await call(["train", "--quiet", "--out", good, ...TINY]);
  expect(code, stderr).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** A copy of the good run, changed by `damage`. */
function damagedRun(name: string, damage: (copy: string) => void): string {
  const copy = join(folder, name);
  cpSync(good, copy, { recursive: true });
  damage(copy);
  return copy;
}

function edit(path: string, change: (text: string) => string): void {
  const before = readFileSync(path, "utf8");
  writeFileSync(path, change(before));
  expect(readFileSync(path, "utf8")).not.toBe(before);
}

describe("a wrong call exits with 2 and starts nothing", () => {
  const train = (...args: string[]) => ["train", "--out", join(folder, "never"), ...args];
  it.each<[string, string[], RegExp]>([
    ["command", ["trian"], /unknown command 'trian'\n\(Did you mean train\?\)\n+\(see `hypercrl --help`\)/],
    [
      "option",
      ["train", "--sede", "1"],
      /unknown option '--sede'\n\(Did you mean --seed\?\)\n+\(see `hypercrl train --help`\)/,
    ],
    ["option of a sweep", ["sweep", "--jobs", "none"], /\(see `hypercrl sweep --help`\)/],
    ["resume with what is recorded", ["train", "--resume", "x", "--record", "plans"], /'--record <what>'/],
    ["name far from all", train("--method", "magic"), /expected one of hypercrl, [\w, -]+ ftl\.\n$/],
    ["setting far from all", train("--set", "size=3"), /one of \d+ names\. `hypercrl settings` lists/],
    ["seed", train("--seed", "one"), /'--seed <n>' argument 'one' is invalid/],
    ["seed too large", train("--seed", "4294967296"), /'--seed <n>' argument '4294967296' is invalid/],
    ["suite", train("--suite", "psh"), /got "psh".*Did you mean "push"/],
    ["method", train("--method", "finetun"), /Unknown method; got "finetun".*Did you mean "finetune"/],
    ["profile", train("--profile", "quik"), /Unknown profile; got "quik".*Did you mean "quick"/],
    ["planner", train("--set", "planner.name=cme"), /planner\.name; got "cme".*Did you mean "cem"/],
    [
      "setting name",
      train("--set", "planner.smaples=8"),
      /"planner\.smaples".*Did you mean "planner\.samples"/,
    ],
    ["setting too small", train("--set", "planner.samples=0"), /planner\.samples is not valid; got 0;.*1/],
    ["setting too large", train("--set", "planner.keepFraction=1.5"), /keepFraction is not valid; got 1\.5/],
    [
      "ill-typed setting",
      train("--set", "planner.samples=many"),
      /planner\.samples is not valid; got "many".*number/,
    ],
    [
      "ill-typed list",
      train("--set", "dynamics.hidden=16"),
      /dynamics\.hidden is not valid; got 16; expected a list/,
    ],
    [
      "settings that clash",
      train("--planner", "cem", "--set", "planner.elites=500"),
      /elites is not valid; got 500.*samples/,
    ],
    [
      "list for another number of actions",
      train("--set", "planner.initialStd=[1,2,3]"),
      /planner\.initialStd does not fit the task; got 3 numbers.*each of 2 actions/,
    ],
    [
      "list for another number of actions, in a sweep",
      ["sweep", "--set", "planner.initialStd=[1,2,3]", "--out", join(folder, "never")],
      /planner\.initialStd does not fit the task; got 3 numbers/,
    ],
    ["assignment without value", train("--set", "planner.samples"), /Cannot read an assignment in --set/],
    [
      "setting with an option",
      train("--set", "profile=paper"),
      /profile is not chosen by assignment.*--profile paper/,
    ],
    ["too many tasks", train("--tasks", "6"), /tasks is out of range; got 6; expected at most 5/],
    [
      "resume with a choice",
      ["train", "--resume", "x", "--seed", "2"],
      /cannot be used with option '--seed <n>'/,
    ],
    [
      "no run to evaluate",
      ["evaluate"],
      /no run to evaluate; expected a run folder, or --oracle with --suite/,
    ],
    ["no episodes", ["evaluate", "x", "--episodes", "0"], /Expected a whole number from 1/],
  ])("%s", async (_, args, message) => {
    expectOneError(await call(args), 2, message);
    expect(existsSync(join(folder, "never"))).toBe(false);
  });

  it("an output folder that exists is left as it is", async () => {
    const before = fileHashes(good);
    expectOneError(await call(["train", "--out", good, ...TINY]), 2, /exists and is not empty.*--resume/);
    expect(fileHashes(good)).toEqual(before);
  });

  it("an output path that is a file is left as it is", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "mine");
    expectOneError(await call(["train", "--out", path, ...TINY]), 2, /file exists; got a file/);
    expect(readFileSync(path, "utf8")).toBe("mine");
  });

  it("a state that was not saved names those that were", async () => {
    expectOneError(
      await call(["evaluate", good, "--after-task", "3"]),
      2,
      /no state after this task; got task 3; expected one of 1, 2/,
    );
  });
});

const replaceByPipe = (path: string) => {
  rmSync(path);
  execFileSync("mkfifo", [path]);
};
/** Path, kind and bytes of everything in a folder; of a link where it leads. */
const contents = (copy: string) =>
  readdirSync(copy, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) return [path, "file", readFileSync(path, "latin1")];
    if (entry.isSymbolicLink()) return [path, "link", readlinkSync(path)];
    return [path, entry.isDirectory() ? "folder" : "other", ""];
  });

const arrays = (copy: string) => {
  const name = readdirSync(copy).find((file) => file.endsWith(".safetensors"));
  return join(copy, name ?? "none");
};
/** Puts a link to a copy outside of the run in the place of a file or folder. */
const linkOutside = (copy: string, name: string) => {
  const outside = `${copy}-outside`;
  cpSync(join(copy, name), outside, { recursive: true });
  rmSync(join(copy, name), { recursive: true });
  symlinkSync(outside, join(copy, name));
};
/** Changes a checkpoint as somebody would who knows of its checksum. */
const forge = (copy: string, change: (document: Record<string, unknown>) => void) => {
  const path = join(copy, "checkpoint.json");
  const { sha256: _, ...content } = JSON.parse(readFileSync(path, "utf8"));
  change(content);
  const sha256 = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  writeFileSync(path, JSON.stringify({ ...content, sha256 }));
};
/** Changes the network in the settings and writes the old network's checkpoint anew as if it belonged to them. */
const swapNetwork = (copy: string) => {
  const path = join(copy, "checkpoint.json");
  const before = readSettings(copy);
  const checkpoint = readCheckpoint(path, hashSettings(before), before, reacherSuite.tasks[0]!.spec);
  edit(join(copy, "settings.json"), (text) =>
    text.replace(/("hidden": \[\s+16,\s+)16/, (_, start) => `${start}8`),
  );
  rmSync(join(copy, "checkpoints"), { recursive: true });
  const { agent, parts, ...numbers } = checkpoint;
  const files = { document: "checkpoint.json", arrays: parts.learned.file };
  writeTaskState(copy, files, hashSettings(readSettings(copy)), numbers, agent.learned!);
};

describe("a run that cannot be continued exits with 3 and is left as it is", () => {
  it.each<[string, (copy: string) => void, RegExp]>([
    ["truncated checkpoint", (c) => halve(join(c, "checkpoint.json")), /checkpoint\.json is damaged/],
    ["truncated arrays", (c) => halve(arrays(c)), /arrays .* are damaged/],
    ["flipped bit in the arrays", (c) => flipByte(arrays(c)), /arrays .* are damaged/],
    ["arrays missing", (c) => rmSync(arrays(c)), /safetensors is missing/],
    ["truncated settings", (c) => halve(join(c, "settings.json")), /settings\.json is damaged/],
    [
      "unknown setting",
      (c) => edit(join(c, "settings.json"), (t) => t.replace('"samples"', '"sample"')),
      /damaged.*sample/,
    ],
    [
      "truncated metrics",
      (c) => halve(join(c, "metrics.jsonl")),
      /metrics\.jsonl does not match the checkpoint/,
    ],
    [
      "a figure in the log",
      (c) =>
        edit(join(c, "metrics.jsonl"), (t) =>
          t.replace(/"return":(-?)\d/, (all, sign) => `"return":${sign}${9 - Number(all.at(-1))}`),
        ),
      /metrics\.jsonl does not match the checkpoint; got other lines before byte \d+/,
    ],
    [
      "a state of an earlier task",
      (c) => halve(join(c, "checkpoints", "task-1.safetensors")),
      /task-1\.safetensors are damaged; got hash/,
    ],
    [
      "half of the state of an earlier task",
      (c) => rmSync(join(c, "checkpoints", "task-1.json")),
      /task-1\.json is missing; got the other file of that state/,
    ],
    [
      "a folder for a file that is written later",
      (c) => mkdirSync(join(c, "current-a.safetensors")),
      /current-a\.safetensors is not a file of its own; got a folder/,
    ],
    [
      "another schema",
      (c) => edit(join(c, "checkpoint.json"), (t) => t.replace('"schema": 2', '"schema": 99')),
      /another schema version; got 99/,
    ],
    [
      "another suite",
      (c) => edit(join(c, "settings.json"), (t) => t.replace('"reacher"', '"juggle"')),
      /another task suite; got suite "juggle".*push/,
    ],
    [
      "another network",
      (c) => edit(join(c, "settings.json"), (t) => t.replace(/"hidden": \[\s+16,\s+16/, '"hidden": [16, 8')),
      /belongs to other settings/,
    ],
    ["other arrays of a network", swapNetwork, /holds a network of another size/],
    [
      "episodes elsewhere",
      (c) => linkOutside(c, "episodes"),
      /episodes is not a folder of its own; got a link/,
    ],
    ["a log elsewhere", (c) => linkOutside(c, "metrics.jsonl"), /metrics\.jsonl is not a file of its own/],
    [
      "a checkpoint that is lost",
      (c) => rmSync(join(c, "checkpoint.json")),
      /checkpoint\.json is missing; got a log of \d+ records and evaluation\.json/,
    ],
    [
      "an older checkpoint",
      (c) => forge(c, (d) => Object.assign(d, { metricsBytes: 27 })),
      /checkpoint\.json is older than the run's log; got \d+ records after it/,
    ],
    [
      "arrays outside of the run",
      (c) => forge(c, (d) => Object.assign(d.arrays as object, { file: "../good/checkpoint-a.safetensors" })),
      /checkpoint\.json is damaged; got arrays\.file: expected a name inside the folder/,
    ],
    [
      "numbers of another method",
      (c) => forge(c, (d) => Object.assign(d, { learner: {} })),
      /does not hold the learner's number/,
    ],
    [
      "a pipe for a checkpoint",
      (c) => replaceByPipe(join(c, "checkpoint.json")),
      /got a pipe; expected a regular file/,
    ],
    [
      "another physics",
      (c) => edit(join(c, "versions.json"), (t) => t.replace("0.20.0", "0.1.0")),
      /another physics version; got .*0\.1\.0/,
    ],
  ])("%s", async (name, damage, message) => {
    const copy = damagedRun(name.replaceAll(" ", "-"), damage);
    const before = contents(copy);
    expectOneError(await call(["train", "--resume", copy]), 3, message);
    expect(contents(copy)).toEqual(before);
  });

  it("what is not the run's own is named and stays; what a killed process left goes", async () => {
    const strange = ["episodes/best", "episodes/mine.mcap", "notes.tmp", "episodes/01-train-0001.mcap.tmp"];
    const left = [
      "checkpoint.json.123.tmp",
      "episodes/failed.mcap",
      "tensorboard/events.out.tfevents.0.hypercrl.9.tmp",
    ];
    const copy = damagedRun("shared", (c) => {
      mkdirSync(join(c, "episodes/best"));
      for (const name of [...strange.slice(1), ...left]) writeFileSync(join(c, name), "mine");
    });
    const { code, stderr } = await call(["train", "--quiet", "--resume", copy]);
    expect(code, stderr).toBe(0);
    for (const name of strange) {
      expect(existsSync(join(copy, name)), name).toBe(true);
      expect(unwrapped(stderr)).toContain(join(copy, name));
    }
    for (const name of left) expect(existsSync(join(copy, name)), name).toBe(false);
    for (const name of strange) rmSync(join(copy, name), { recursive: true });
    expect(fileHashes(copy)).toEqual(fileHashes(good));
  });

  it.each([["report"], ["evaluate"], ["replay"], ["train", "--resume"]])(
    "a name that is too long: %s",
    async (...command) => {
      expectOneError(
        await call([...command, join(folder, "x".repeat(300))]),
        3,
        /got a name that is too long/,
      );
    },
  );

  it("a folder that is no run", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    expectOneError(await call(["train", "--resume", empty]), 3, /settings\.json is missing.*run folder/);
    expectOneError(await call(["evaluate", empty]), 3, /settings\.json is missing.*run folder/);
    expect(readdirSync(empty)).toEqual([]);
  });

  it("a damaged state is not evaluated", async () => {
    const copy = damagedRun("bad-state", (c) => halve(join(c, "checkpoints", "task-1.json")));
    expectOneError(await call(["evaluate", copy, "--after-task", "1"]), 3, /task-1\.json is damaged/);
  });
});

describe("a run that was left in the midst of a task", () => {
  const begun = join(folder, "begun");
  const NAMES = [/^checkpoint-[ab]\.safetensors$/, /^current-[ab]\.safetensors$/, /^transitions-[ab]\.f32$/];

  beforeAll(async () => {
    const stop = new AbortController();
    const { suite, ...settings } = readSettings(good);
    const names = [
      "initialRandomSteps",
      "stepsPerTask",
      "trainEvery",
      "trainIterations",
      "evaluationEpisodes",
    ];
    const ofLoop = names.map((name) => [`loop.${name}`, Reflect.get(settings.loop, name)]);
    const ofPlanner = ["samples", "elites", "iterations", "horizon"].map((name) => [
      `planner.${name}`,
      Reflect.get(settings.planner, name),
    ]);
    await train({
      suite,
      out: begun,
      threads: 1,
      settings: {
        ...Object.fromEntries([...ofLoop, ...ofPlanner]),
        tasks: settings.tasks,
        "dynamics.hidden": settings.dynamics.hidden,
      },
      signal: stop.signal,
      onProgress: (event) => {
        if (event.type === "episode" && event.taskIndex === 1) stop.abort();
      },
    });
    expect(fileHashes(begun)["settings.json"]).toBe(fileHashes(good)["settings.json"]);
  });

  it("is continued from a copy of its folder, to the same bytes", async () => {
    const copy = join(folder, "begun-copy");
    cpSync(begun, copy, { recursive: true });
    const { code, stderr } = await call(["train", "--quiet", "--resume", copy]);
    expect(code, stderr).toBe(0);
    expect(fileHashes(copy)).toEqual(fileHashes(good));
  });

  it.each(NAMES)("exits with 3 and names a file that is cut, changed or lost: %s", async (pattern) => {
    const copy = join(folder, "begun-damaged");
    for (const damage of [halve, flipByte, rmSync]) {
      cpSync(begun, copy, { recursive: true });
      const name = readdirSync(copy).find((file) => pattern.test(file))!;
      damage(join(copy, name));
      const before = contents(copy);
      const message = new RegExp(`${name} (are damaged; got \\d+ bytes|are damaged; got hash|is missing)`);
      expectOneError(await call(["train", "--resume", copy]), 3, message);
      expect(contents(copy)).toEqual(before);
      rmSync(copy, { recursive: true });
    }
  });
});

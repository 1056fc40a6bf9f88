import { appendFileSync, cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkHashes } from "../../../agent/run/run-hashes.js";
import { temporaryFolder } from "../../files.js";
import { call, TINY } from "../call.js";

const folder = temporaryFolder();
const run = join(folder, "run");
const copy = join(folder, "copy");
const hashesOf = (path: string, file = "hashes.json") =>
  JSON.parse(readFileSync(join(path, file), "utf8")).files as Record<string, string>;
const resume = () => call(["train", "--quiet", "--resume", copy, "--threads", "1"]);

beforeAll(async () => {
  const { code, stderr } = await call(["train", "--quiet", "--out", run, ...TINY]);
  expect(code, stderr).toBe(0);
});
beforeEach(() => {
  rmSync(copy, { recursive: true, force: true });
  cpSync(run, copy, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the hashes of a run that was trained", () => {
  it("cover all that it wrote but the hashes themselves", () => {
    const files = Object.keys(hashesOf(run));
    const times = Object.keys(hashesOf(run, "hashes-timing.json"));
    expect(files).toEqual(
      expect.arrayContaining([
        "checkpoint.json",
        "evaluation.json",
        "metrics.jsonl",
        "settings.json",
        "suite.json",
        "versions.json",
        "checkpoints/task-1.json",
        "checkpoints/task-1.safetensors",
        "episodes/01-train-0002.mcap",
        "tensorboard/events.out.tfevents.0.hypercrl",
      ]),
    );
    expect(files.filter((path) => /^checkpoint-[ab]\.safetensors$/.test(path))).toHaveLength(1);
    expect(times).toEqual(["tensorboard/timing/events.out.tfevents.0.hypercrl", "timing.jsonl"]);
    const unchanged = files.length + times.length;
    expect(checkHashes(run)).toEqual({ unchanged, changed: [], missing: [], added: [] });
  });

  it("are compared by replay --verify", async () => {
    appendFileSync(join(copy, "metrics.jsonl"), "\n");
    const damaged = await call(["replay", copy, "--verify"]);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toMatch(/copy: metrics\.jsonl was changed since/);
    const whole = await call(["replay", run, "--verify"]);
    expect(whole.code).toBe(0);
    expect(whole.stdout).toMatch(/run: \d+ files unchanged since the run finished/);
  });

  it.each([
    ["both", ["hashes.json", "hashes-timing.json"]],
    ["the second", ["hashes-timing.json"]],
  ])("are written when it is continued, where its process was killed before %s", async (_, lost) => {
    for (const file of lost) rmSync(join(copy, file));
    expect((await resume()).code).toBe(0);
    expect(hashesOf(copy)).toEqual(hashesOf(run));
    expect(checkHashes(copy)).toMatchObject({ changed: [], missing: [], added: [] });
  });

  it("stay as they are when it is continued, so that a change still shows", async () => {
    appendFileSync(join(copy, "versions.json"), "\n");
    expect((await resume()).code).toBe(0);
    expect(checkHashes(copy)?.changed).toEqual(["versions.json"]);
  });
});

import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkHashes, writeHashes } from "../../../agent/run/run-hashes.js";
import { InputError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";
import { call, TINY } from "../../scripts/call.js";

const folder = temporaryFolder();
const run = join(folder, "run");
const copy = join(folder, "copy");
const changed = (change: () => void) => {
  rmSync(copy, { recursive: true, force: true });
  cpSync(run, copy, { recursive: true });
  change();
  const { unchanged: _, ...different } = checkHashes(copy)!;
  return different;
};
const NOTHING = { changed: [], missing: [], added: [] };

beforeAll(async () => {
  expect((await call(["train", "--quiet", "--out", run, ...TINY])).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the hashes of a finished run", () => {
  it("cover all that it wrote but the hashes themselves", () => {
    const { files } = JSON.parse(readFileSync(join(run, "hashes.json"), "utf8"));
    const times = JSON.parse(readFileSync(join(run, "hashes-timing.json"), "utf8")).files;
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining([
        "checkpoint.json",
        "evaluation.json",
        "metrics.jsonl",
        "settings.json",
        "versions.json",
        "checkpoints/task-1.json",
        "checkpoints/task-1.safetensors",
        "episodes/01-train-0002.mcap",
        "tensorboard/events.out.tfevents.0.hypercrl",
      ]),
    );
    expect(Object.keys(times)).toEqual(["tensorboard/timing/events.out.tfevents.0.hypercrl", "timing.jsonl"]);
    expect(checkHashes(run)).toMatchObject(NOTHING);
    expect(checkHashes(run)?.unchanged).toBe(Object.keys(files).length + 2);
  });

  it("tell one changed figure, a lost recording and one from elsewhere", () => {
    const evaluation = join(copy, "evaluation.json");
    const edit = () => writeFileSync(evaluation, readFileSync(evaluation, "utf8").replace(/\d\b/, "9"));
    expect(changed(edit)).toEqual({ ...NOTHING, changed: ["evaluation.json"] });
    expect(changed(() => appendFileSync(join(copy, "timing.jsonl"), "\n"))).toEqual({
      ...NOTHING,
      changed: ["timing.jsonl"],
    });
    expect(changed(() => rmSync(join(copy, "episodes/01-train-0002.mcap")))).toEqual({
      ...NOTHING,
      missing: ["episodes/01-train-0002.mcap"],
    });
    expect(changed(() => writeFileSync(join(copy, "episodes/x.mcap"), ""))).toEqual({
      ...NOTHING,
      added: ["episodes/x.mcap"],
    });
  });

  it("leave what people put beside the run's own files alone", () => {
    const beside = () => {
      writeFileSync(join(copy, "notes.txt"), "mine");
      writeFileSync(join(copy, "report.html"), "");
      mkdirSync(join(copy, "episodes/best"));
    };
    expect(changed(beside)).toEqual(NOTHING);
  });

  it("are compared by replay --verify", async () => {
    changed(() => appendFileSync(join(copy, "metrics.jsonl"), "\n"));
    const damaged = await call(["replay", copy, "--verify"]);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toMatch(/copy: metrics\.jsonl was changed since/);
    const whole = await call(["replay", run, "--verify"]);
    expect(whole.code).toBe(0);
    expect(whole.stdout).toMatch(/run: \d+ files as the run was finished with/);
  });

  it("name no file outside of the run", () => {
    mkdirSync(join(folder, "evil"));
    const hashes = { version: 1, files: { "../run/settings.json": "0".repeat(64) } };
    writeFileSync(join(folder, "evil/hashes.json"), JSON.stringify(hashes));
    expect(() => checkHashes(join(folder, "evil"))).toThrow(InputError);
    expect(() => checkHashes(join(folder, "evil"))).toThrow(
      /hashes\.json is damaged; got .*run.settings\.json/,
    );
  });

  it("are none where a run is not finished", () => {
    mkdirSync(join(folder, "begun"));
    expect(checkHashes(join(folder, "begun"))).toBeUndefined();
    writeHashes(join(folder, "begun"));
    expect(checkHashes(join(folder, "begun"))).toEqual({ unchanged: 0, ...NOTHING });
  });
});

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readEpisode } from "../../../sim/recording/reader.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { expectOneError, TINY } from "../call.js";
import { metricsLines, run, start } from "../cli.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const episode = (...path: string[]) => readEpisode(join(folder, ...path), { poses: true });

test("plans are recorded while training and of saved models, and change nothing", async () => {
  const train = (out: string, ...more: string[]) =>
    run(["train", "--quiet", "--threads", "1", "--out", out, ...TINY, ...more], folder);
  const [plain, planned] = await Promise.all([train("plain"), train("planned", "--record", "plans")]);
  expect([plain.code, planned.code]).toEqual([0, 0]);
  const before = fileHashes(join(folder, "plain"));
  const after = fileHashes(join(folder, "planned"));
  const differing = Object.keys(after).filter((file) => after[file] !== before[file]);
  expect(differing.length).toBeGreaterThan(0);
  const allowed = /^(recording|hashes)\.json$|^episodes\/.*(train|evaluate|random)/;
  expect(differing.filter((file) => !allowed.test(file))).toEqual([]);

  const name = "02-evaluate-01-01.mcap";
  const own = episode("planned", "episodes", name);
  expect(own.playback!.plans).toHaveLength(own.steps.length);

  const evaluate = () => run(["evaluate", "plain", "--threads", "1", "--recordings", "again"], folder);
  expect((await evaluate()).code).toBe(0);
  expect(readdirSync(join(folder, "again"))).toEqual([name, "02-evaluate-02-01.mcap"]);
  // The same episode, bit by bit, with the same plans.
  const { path: _, ...again } = episode("again", name);
  const { path: __, ...recorded } = own;
  expect(again).toEqual(recorded);

  const other = [
    "evaluate",
    "plain",
    "--threads",
    "1",
    "--recordings",
    "other",
    "--set",
    "planner.samples=9",
  ];
  expect((await run(other, folder)).code).toBe(0);
  expect(episode("other", name).header.settingsHash).not.toBe(own.header.settingsHash);

  const inFile = await run(["evaluate", "plain", "--recordings", "plain/settings.json/x"], folder);
  expectOneError(inFile, 1, /settings\.json\/x/);

  // What was measured is shown although it cannot be written.
  const unwritable = await run(["evaluate", "plain", "--out", "plain/settings.json/x"], folder);
  expect(unwritable.code).toBe(1);
  expect(unwritable.stdout).toContain("After 2 tasks, 1 episode per task");

  const refused = await evaluate();
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("again exists");
});

test("a run that is killed records them to its end once it is resumed", async () => {
  const args = ["train", "--quiet", "--threads", "1", "--out", "killed", ...TINY, "--record", "plans"];
  const child = start(args, folder);
  // One baseline: before any episode was planned.
  while (child.running() && metricsLines(join(folder, "killed")) < 1)
    await new Promise((r) => setTimeout(r, 2));
  child.kill("SIGKILL");
  expect((await child.finished).signal).toBe("SIGKILL");
  const resumed = await run(["train", "--quiet", "--threads", "1", "--resume", "killed"], folder);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(fileHashes(join(folder, "killed"))).toEqual(fileHashes(join(folder, "planned")));
});

test("nothing else can be asked to be recorded", async () => {
  const { code, stderr } = await run(["train", "--record", "dreams"], folder);
  expect(code).toBe(2);
  expect(stderr).toContain("plans");
});

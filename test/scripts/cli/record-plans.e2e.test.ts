import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readEpisode } from "../../../sim/recording/reader.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { call, expectOneError, TINY, unwrapped } from "../call.js";
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

  const evaluate = (...more: string[]) =>
    call(["evaluate", join(folder, "plain"), "--threads", "1", ...more]);
  const again = ["--recordings", join(folder, "again")];
  expect((await evaluate(...again)).code).toBe(0);
  expect(readdirSync(join(folder, "again"))).toEqual([name, "02-evaluate-02-01.mcap"]);
  // The same episode, bit by bit, with the same plans.
  const { path: _, ...measured } = episode("again", name);
  const { path: __, ...recorded } = own;
  expect(measured).toEqual(recorded);

  const other = ["--recordings", join(folder, "other"), "--set", "planner.samples=9"];
  expect((await evaluate(...other)).code).toBe(0);
  expect(episode("other", name).header.settingsHash).not.toBe(own.header.settingsHash);

  const inFile = await evaluate("--recordings", join(folder, "plain/settings.json/x"));
  expectOneError(inFile, 3, /settings\.json\/x/);

  // What was measured is shown although it cannot be written.
  const unwritable = await evaluate("--out", join(folder, "plain/settings.json/x"));
  expect(unwritable.code).toBe(3);
  expect(unwritable.stdout).toContain("After 2 tasks, 1 episode per task");

  const refused = await evaluate(...again);
  expect(refused.code).toBe(2);
  expect(unwrapped(refused.stderr)).toContain("again exists");
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
  const { code, stderr } = await call(["train", "--record", "dreams"]);
  expect(code).toBe(2);
  expect(stderr).toContain("plans");
});

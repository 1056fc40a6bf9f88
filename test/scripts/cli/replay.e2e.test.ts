import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Environment } from "../../../sim/environment.js";
import { EpisodeRecorder } from "../../../sim/recording/recorder.js";
import { initPhysics, physicsVersion } from "../../../sim/world.js";
import { pushSuite } from "../../../tasks/push/push.js";
import { flipByte, halve, temporaryFolder } from "../../files.js";
import { call, expectOneError, unwrapped } from "../call.js";
import { run } from "../cli.js";

const folder = temporaryFolder();
const episode = join(folder, "good.mcap");

beforeAll(async () => {
  await initPhysics();
  await writeEpisode(episode, physicsVersion());
});

afterAll(() => rmSync(folder, { recursive: true }));

async function writeEpisode(path: string, physics: string, rewardError = 0): Promise<string> {
  const task = pushSuite.tasks[0]!;
  const environment = new Environment(task);
  environment.reset(7);
  const recorder = new EpisodeRecorder(environment, {
    ...{ suite: "push", task: task.name, taskIndex: 0, phase: "random", afterTask: -1, seed: 7 },
    ...{ settingsHash: "0", versions: { hypercrl: "0.1.0", physics } },
  });
  for (let i = 0; i < 12; i++) {
    const result = environment.step([0.5, -0.5]);
    recorder.record([0.5, -0.5], i === 10 ? { ...result, reward: result.reward + rewardError } : result);
  }
  await recorder.finish(path);
  environment.close();
  return path;
}

describe("an episode that cannot be replayed", () => {
  it.each<[string, (path: string) => void]>([
    ["truncated", halve],
    ["flipped bit", (path) => flipByte(path, 0.3)],
    ["no MCAP at all", (path) => writeFileSync(path, "hello")],
    ["empty", (path) => writeFileSync(path, "")],
  ])("%s", async (name, damage) => {
    const path = join(folder, `${name}.mcap`);
    cpSync(episode, path);
    damage(path);
    expectOneError(await call(["replay", path]), 3, /\.mcap/);
    expectOneError(await call(["replay", path, "--verify"]), 3, /\.mcap/);
  });

  it("is said with a stack trace where --debug asks for one", async () => {
    const path = join(folder, "debugged.mcap");
    writeFileSync(path, "hello");
    const { code, stderr } = await run(["replay", path, "--debug"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: .*debugged\.mcap[\s\S]*\n {4}at /m);
  });

  it("of another physics version can be shown but not verified", async () => {
    const path = await writeEpisode(join(folder, "old-physics.mcap"), "rapier 0.0.1");
    expectOneError(
      await call(["replay", "--verify", path]),
      3,
      /another physics version; got rapier 0\.0\.1/,
    );
    expect(await call(["replay", path])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("rapier 0.0.1"),
    });
  });

  it("that differs says where and exits with 1", async () => {
    const same = await call(["replay", "--verify", episode]);
    expect(same.code).toBe(0);
    expect(unwrapped(same.stdout)).toBe(`${episode}: 12 steps and 2 state hashes match bit by bit\n`);
    const other = await writeEpisode(join(folder, "other.mcap"), physicsVersion(), 0.5);
    const { code, stdout } = await run(["replay", "--verify", other, episode]);
    expect(unwrapped(stdout)).toMatch(
      /other\.mcap: differs at step 11: reward recorded \S+, simulated \S+\n.*good\.mcap: 12 steps/,
    );
    expect(code).toBe(1);
  });

  it("does not hide the episodes after it", async () => {
    const { code, stdout, stderr } = await call([
      "replay",
      "--verify",
      join(folder, "nothing.mcap"),
      episode,
    ]);
    expect(stderr).toMatch(/nothing\.mcap is missing/);
    expect(stdout).toMatch(/12 steps and 2 state hashes match/);
    expect(code).toBe(3);
  });
});

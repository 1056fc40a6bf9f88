import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readMetrics } from "../../../agent/run/read-log.js";
import { RECORDINGS } from "../../../agent/run/recording-names.js";
import { recordRun, replayRun, TASKS } from "../../../scripts/fuzz/replay-runs.js";
import { Environment } from "../../../sim/environment.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { EpisodeRecorder } from "../../../sim/recording/recorder.js";
import { reacherSuite } from "../../../tasks/reacher/reacher.js";
import { temporaryFolder } from "../../files.js";
import { unwrapped } from "../call.js";
import { CLI } from "../cli.js";

const root = temporaryFolder();
const run = join(root, "run");
const STEPS = 600;

beforeAll(() => recordRun(reacherSuite, run, { steps: STEPS, seed: 3 }));
afterAll(() => rmSync(root, { recursive: true }));

const replay = (commandLine = CLI) =>
  replayRun(run, { path: process.execPath, version: "v0.0.0" }, commandLine);

/** Records an episode once more, with another reward at the end of step 3. */
async function changeReward(path: string): Promise<void> {
  const { header, steps } = readEpisode(path);
  const environment = new Environment(reacherSuite.tasks[header.taskIndex]!);
  environment.reset(header.seed);
  const recorder = new EpisodeRecorder(environment, header);
  for (const [i, { action }] of steps.entries()) {
    const result = environment.step(action);
    recorder.record(action, i === 2 ? { ...result, reward: result.reward + 1e-12 } : result);
  }
  await recorder.finish(path);
  environment.close();
}

describe("recordings simulated again", () => {
  it("are all compared, and are as many as were asked for", async () => {
    const { node, episodes, steps, faults } = await replay();
    expect(faults).toEqual([]);
    expect(node).toBe("v0.0.0");
    expect(episodes).toBe(readdirSync(join(run, RECORDINGS)).length);
    const random = readMetrics(run).flatMap((one) =>
      one.type === "episode" && one.phase === "random" ? one.steps : [],
    );
    expect(Math.max(...random) * TASKS).toBeGreaterThanOrEqual(STEPS);
    expect(steps).toBeGreaterThan(STEPS);
  });

  it("name what differs, what cannot be compared, and what its hash does not fit", async () => {
    await changeReward(join(run, RECORDINGS, "01-random-0001.mcap"));
    writeFileSync(join(run, RECORDINGS, "01-random-0002.mcap"), "no recording");
    const { episodes, faults } = await replay();
    expect(episodes).toBe(readdirSync(join(run, RECORDINGS)).length - 2);
    const text = unwrapped(faults.join("\n"));
    expect(text).toMatch(/^episodes\/01-random-0001\.mcap is not what its hash says$/m);
    expect(text).toMatch(
      /^episodes\/01-random-0001\.mcap differs at step 3: reward recorded \S+, simulated/m,
    );
    expect(text).toMatch(/^episodes\/01-random-0002\.mcap was not compared$/m);
    expect(text).toMatch(/^ended with 3: error: episodes\/01-random-0002\.mcap is not an MCAP file/m);
  });

  it("count as not compared when the process says nothing of them", async () => {
    const { episodes, faults } = await replay(join(root, "missing.js"));
    expect(episodes).toBe(0);
    expect(faults.at(-1)).toMatch(/^ended with 1: .*Cannot find module/s);
    expect(faults).toHaveLength(readdirSync(join(run, RECORDINGS)).length + 1);
  });
});

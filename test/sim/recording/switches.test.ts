import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { Environment } from "../../../sim/environment.js";
import { randomAction } from "../../../sim/random-action.js";
import type { EpisodeHeader } from "../../../sim/recording/episode.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { EpisodeRecorder } from "../../../sim/recording/recorder.js";
import { decodePlayable } from "../../../sim/recording/salvage.js";
import { switchesUntil, taskInState } from "../../../sim/recording/task-switch.js";
import { verifyEpisode } from "../../../sim/recording/verify.js";
import { initPhysics, physicsVersion } from "../../../sim/world.js";
import { findSuite } from "../../../tasks/registry.js";
import { temporaryFolder } from "../../files.js";
import { HEADER } from "./fake-task.js";

const folder = temporaryFolder();
beforeAll(initPhysics);
afterAll(() => rmSync(folder, { recursive: true }));

/** Steps before each change, and the index of the task from then on. */
const CHANGES: readonly (readonly [number, number])[] = [
  [13, 2],
  [25, 0],
  [26, 2],
];

/** Records an episode of 40 steps of the first task of a suite that changes; each of its tasks has one environment. */
async function recordChanging(suite: string, file: string): Promise<string> {
  const { tasks } = findSuite(suite);
  const environments = [0, 1, 2].map((i) => new Environment(tasks[i]!));
  let environment = environments[0]!;
  environment.reset(1);
  const header: EpisodeHeader = {
    ...{ ...HEADER, suite, task: tasks[0]!.name, taskIndex: 0, seed: 1 },
    versions: { ...HEADER.versions, physics: physicsVersion() },
  };
  const recorder = new EpisodeRecorder(environment, header);
  const rng = Rng.fromSeed(1);
  for (let step = 0; step < 40; step++) {
    const [, to] = CHANGES.find(([steps]) => steps === step) ?? [];
    if (to !== undefined) {
      environments[to]!.takeOver(environment);
      environment = environments[to]!;
      recorder.switchTo(environment, to);
    }
    const action = randomAction(environment.task.spec, rng);
    recorder.record(action, environment.step(action));
  }
  const path = join(folder, file);
  writeFileSync(path, await recorder.bytes());
  for (const one of environments) one.close();
  return path;
}

describe("a recording whose task changes", () => {
  it.each(["cartpole", "push", "cheetah"])(
    "of %s says where, and is simulated again bit by bit",
    async (suite) => {
      const { tasks } = findSuite(suite);
      const path = await recordChanging(suite, `${suite}.mcap`);
      const episode = readEpisode(path, { poses: true });
      expect(episode.header.switches).toEqual(
        CHANGES.map(([steps, taskIndex]) => ({ steps, task: tasks[taskIndex]!.name, taskIndex })),
      );
      expect(episode.totals.steps).toBe(40);
      expect(verifyEpisode(episode, tasks[0]!, physicsVersion(), tasks)).toEqual({
        ...{ ok: true, steps: 40, hashes: 5 },
      });
      // Every step is made by the task that it is of: with another one from the first change on, what follows differs.
      const { switches = [] } = episode.header;
      const other = {
        ...episode.header,
        switches: [{ ...switches[0]!, task: tasks[1]!.name }, ...switches.slice(1)],
      };
      const wrong = verifyEpisode({ ...episode, header: other }, tasks[0]!, physicsVersion(), tasks);
      expect(wrong.ok).toBe(false);
      expect(wrong).toHaveProperty("step");
      if (!wrong.ok) expect(wrong.step).toBeGreaterThan(13);
    },
  );

  it("shows the bodies as they look from each change on", async () => {
    const path = await recordChanging("cartpole", "looks.mcap");
    const { bodies, bodiesAfter } = readEpisode(path, { poses: true }).playback!;
    const poleIn = (look: typeof bodies) =>
      look.find(({ name }) => name === "pole")!.shapes.find(({ kind }) => kind === "cylinder")!.size[2];
    // The straight part of a pole of 0.6 m, of 0.4 m, and so on.
    expect([bodies, ...bodiesAfter].map((look) => poleIn(look).toFixed(3))).toEqual([
      "0.600",
      "0.400",
      "0.600",
      "0.400",
    ]);
    for (const look of bodiesAfter)
      expect(look.map(({ name }) => name)).toEqual(bodies.map(({ name }) => name));
  });

  it("is refused where a task is not there to be simulated with", async () => {
    const { tasks } = findSuite("cartpole");
    const episode = readEpisode(await recordChanging("cartpole", "unknown.mcap"));
    const verify = () => verifyEpisode(episode, tasks[0]!, physicsVersion(), tasks.slice(0, 2));
    expect(verify).toThrow(InputError);
    expect(verify).toThrow(
      /changes to a task that is not known here; got task 0.4m; expected one of 0.6m, 0.8m/,
    );
    expect(() => verifyEpisode(episode, tasks[0]!, physicsVersion())).toThrow(
      /expected an episode of one task/,
    );
  });

  it("plays up to where it is cut off, with the looks until there", async () => {
    const path = await recordChanging("cartpole", "cut.mcap");
    const bytes = readFileSync(path);
    const whole = decodePlayable(path, bytes);
    const cut = decodePlayable(path, bytes.subarray(0, Math.floor(bytes.length * 0.9)));
    expect(whole.damage).toBeUndefined();
    expect(cut.damage).toBeDefined();
    expect(cut.header.switches).toEqual(whole.header.switches);
  });
});

describe("the task of a step", () => {
  const header = {
    task: "a",
    switches: [
      { steps: 2, task: "b", taskIndex: 1 },
      { steps: 5, task: "a", taskIndex: 0 },
    ],
  };

  it("is the one that was changed to last before it", () => {
    expect([0, 1, 2, 4, 5, 9].map((state) => taskInState(header, state))).toEqual([..."aabbaa"]);
    expect([0, 1, 2, 4, 5, 9].map((state) => switchesUntil(header, state))).toEqual([0, 0, 1, 1, 2, 2]);
    expect(taskInState({ task: "c" }, 7)).toBe("c");
  });
});

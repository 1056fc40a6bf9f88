import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { metricsByType, readMetrics } from "../../../agent/run/read-log.js";
import type { RunEvent } from "../../../agent/run/run-events.js";
import { RunStore } from "../../../agent/run/store.js";
import { Schedule } from "../../../agent/settings/schedule.js";
import { RunError } from "../../../sim/core/errors.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { fakeTask } from "../../sim/recording/fake-task.js";
import { curves, readEvents } from "../run/tensorboard/read-events.js";
import { loopOf, openRun, VERSIONS } from "../short-run.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

const open = (name: string, assignments: readonly string[], method?: string) =>
  openRun(join(root, name), assignments, method);

describe("a run of two rounds", () => {
  it("goes on with each task, plans from the first step of a revisit, and notes visit and task everywhere", async () => {
    const { folder, store, loop } = open("rounds", ["loop.schedule=rounds:2"]);
    expect(await loop.run()).toBe("done");
    store.close();
    const { episode, training, kept, evaluation } = metricsByType(
      readMetrics(folder, new Schedule(store.settings)),
    );
    expect([...new Set(episode.map((r) => `${r.visit}/${r.taskIndex}/${r.task}`))]).toEqual([
      ...["0/0/a", "1/1/b", "2/0/a", "3/1/b"],
    ]);
    const again = episode.filter(({ visit }) => visit === 2);
    expect(again.every(({ phase }) => phase === "train")).toBe(true);
    expect(again.at(-1)?.steps).toBe(60);
    const sessions = (visit: number) => training.filter((r) => r.visit === visit).map(({ steps }) => steps);
    expect([0, 2].map(sessions)).toEqual([
      [40, 60, 80],
      [20, 40],
    ]);
    expect(kept.map(({ visit, taskIndex }) => [visit, taskIndex])).toEqual([
      [0, 0],
      [1, 1],
      [2, 0],
      [3, 1],
    ]);
    expect(evaluation.map(({ afterTask, taskIndex }) => `${afterTask}/${taskIndex}`)).toEqual([
      ...["0/0", "1/0", "1/1", "2/0", "2/1", "3/0", "3/1"],
    ]);
    const written = JSON.parse(readFileSync(join(folder, "evaluation.json"), "utf8"));
    expect(written.visits).toEqual([0, 1, 0, 1]);
    expect(written.returns.map((row: number[][]) => row.map(({ length }) => length))).toEqual([
      [1, 0],
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    for (const { recording, visit, taskIndex } of episode) {
      const { header } = readEpisode(join(folder, recording));
      expect([header.visit, header.afterTask, header.taskIndex]).toEqual([visit, visit, taskIndex]);
    }
    const seeds = episode.map(({ recording }) => readEpisode(join(folder, recording)).header.seed);
    expect(new Set(seeds).size).toBe(seeds.length);
    const board = curves(readEvents(join(folder, "tensorboard/events.out.tfevents.0.hypercrl")));
    expect(board["evaluate/return/a"]?.map(([step]) => step)).toEqual([100, 200, 260, 320]);
    const states = readdirSync(join(folder, "checkpoints")).filter((name) => name.endsWith(".json"));
    expect(states.toSorted()).toEqual(["task-1.json", "task-2.json", "task-3.json", "task-4.json"]);
  });

  it("begins as a run of one round", async () => {
    const [once, rounds] = [open("one round", []), open("two rounds", ["loop.schedule=rounds:2"])];
    for (const { loop, store } of [once, rounds]) {
      await loop.run();
      store.close();
    }
    const figures = ({ folder }: { folder: string }) =>
      metricsByType(readMetrics(folder)).evaluation.map((r) => [r.afterTask, r.taskIndex, r.return]);
    expect(figures(rounds).slice(0, 3)).toEqual(figures(once));
  });
});

type Kill = (event: RunEvent) => boolean;

/** Kills a run at an event, goes on with it, and gives the hashes of both it and one that was left alone. */
async function killedAndWhole(name: string, assignments: readonly string[], method: string, isThere: Kill) {
  const whole = open(`${name} whole`, assignments, method);
  await whole.loop.run();
  whole.store.close();
  const killed = open(`${name} killed`, assignments, method);
  killed.store.log.listen((event) => {
    if (isThere(event)) throw new RunError({ what: "killed" });
  });
  await expect(killed.loop.run()).rejects.toThrow("killed");
  killed.store.close();
  const resumed = RunStore.resume(killed.folder, VERSIONS, () => fakeTask().spec);
  const again = loopOf(resumed.store);
  await again.restore(resumed.checkpoint!);
  expect(resumed.store.takeUp().filter((path) => !path.endsWith("failed.mcap"))).toEqual([]);
  again.readLog();
  expect(await again.run()).toBe("done");
  resumed.store.close();
  const hashes = ({ folder }: { folder: string }) =>
    Object.entries(fileHashes(folder)).filter(([file]) => !file.includes("timing"));
  return { killed: hashes(killed), whole: hashes(whole), progress: resumed.checkpoint!.progress };
}

const ROUNDS = ["loop.schedule=rounds:2"];
const inVisit = (visit: number, episode: number) => (event: RunEvent) =>
  event.type === "episode" && event.visit === visit && event.episode === episode;

describe("a run that is killed in the middle of a second visit ends in the same bytes", () => {
  it.each<[string, string, readonly string[], number]>([
    ["before its first session", "hypercrl", ROUNDS, 1],
    ["after it", "hypercrl", ROUNDS, 3],
    ["of single", "single", ROUNDS, 3],
    ["of ewc", "ewc", ROUNDS, 3],
    ["of si", "si", ROUNDS, 3],
    ["of multitask", "multitask", ROUNDS, 3],
    ["of replay-hypernet", "replay-hypernet", ROUNDS, 3],
    [
      "with a lag and members in turn",
      "hypercrl",
      [...ROUNDS, ...["dynamics.members=3", "loop.learningModel=member", "loop.trainLag=8"]],
      3,
    ],
  ])("%s", async (name, method, set, episode) => {
    const { killed, whole, progress } = await killedAndWhole(name, set, method, inVisit(2, episode));
    expect(progress).toMatchObject({ stage: "learn", task: 2, episode });
    expect(killed).toEqual(whole);
  });

  it("of an own schedule that begins with the second task", async () => {
    const own = ['loop.schedule=[{"task":"b"},{"task":"a","steps":45},{"task":"b","steps":50}]'];
    const { killed, whole } = await killedAndWhole("own", own, "hypercrl", inVisit(2, 2));
    expect(killed).toEqual(whole);
  });

  it("in its evaluation", async () => {
    const at: Kill = (event) => event.type === "evaluation" && event.afterTask === 2 && event.taskIndex === 1;
    const { killed, whole, progress } = await killedAndWhole("evaluation", ROUNDS, "hypercrl", at);
    expect(progress).toMatchObject({ stage: "evaluate", task: 2, evaluated: 1 });
    expect(killed).toEqual(whole);
  });
});

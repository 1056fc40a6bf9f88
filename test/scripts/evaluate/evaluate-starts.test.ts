import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EvaluationStarts } from "../../../agent/evaluation/evaluation-starts.js";
import { oracleReference } from "../../../scripts/compare/oracle-file.js";
import { evaluateOracle } from "../../../scripts/evaluate/evaluate-oracle.js";
import { type EvaluateOptions, evaluateRun } from "../../../scripts/evaluate/evaluate-run.js";
import type { OracleOptions } from "../../../scripts/evaluate/oracle-evaluation.js";
import { train } from "../../../scripts/runs/train.js";
import { documentText } from "../../../sim/core/documents.js";
import { UsageError } from "../../../sim/core/errors.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { verifyEpisode } from "../../../sim/recording/verify.js";
import { initPhysics, physicsVersion } from "../../../sim/world.js";
import { temporaryFolder } from "../../files.js";
import { pointSuite, pointTask } from "../../tasks/point-task.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** Two tasks with one published start each, 0; those for learning are between 1 and 2. */
const tasks = ["light", "heavy"].map((name) =>
  pointTask({
    scene: (_, state) => ({ reset: () => void state.fill(0) }),
    learning: (_, state) => ({ reset: (random) => void state.set([1 + random(), 0]) }),
    spec: { episodeSteps: 5 },
    task: { name },
  }),
);
const suite = pointSuite(...tasks);
const planner = { "planner.samples": 4, "planner.elites": 2, "planner.iterations": 1, "planner.horizon": 2 };
const settings = {
  ...planner,
  "loop.initialRandomSteps": 5,
  "loop.stepsPerTask": 10,
  "loop.trainEvery": 5,
  "loop.trainIterations": 1,
  "loop.evaluationEpisodes": 2,
  "loop.learningStarts": "varied",
  "dynamics.hidden": [8],
};
const EPISODES = 4;
const [single, finetune] = [join(folder, "single"), join(folder, "finetune")];

beforeAll(async () => {
  await initPhysics();
  const common = { suite, threads: 1, settings };
  await train({ ...common, method: "single", seed: 1, out: single });
  await train({ ...common, method: "finetune", seed: 2, out: finetune });
});

let recorded = 0;
const newFolder = () => join(folder, `recordings-${recorded++}`);

/** Angles at the starts of all episodes, `[K][E]`; every recording is simulated again. */
function startsIn(recordings: string, starts: EvaluationStarts, kind: "evaluate" | "oracle"): number[][] {
  return tasks.map((task, j) =>
    readdirSync(recordings)
      .filter((name) => name.includes(`${kind}-0${j + 1}-`))
      .sort()
      .map((name) => {
        const episode = readEpisode(join(recordings, name));
        expect(episode.header.starts).toBe(starts === "varied" ? "varied" : undefined);
        expect(verifyEpisode(episode, task, physicsVersion())).toMatchObject({ ok: true });
        return episode.start.observation[0]!;
      }),
  );
}

async function startsOfRun(run: string, starts: EvaluationStarts, options: EvaluateOptions = {}) {
  const recordings = newFolder();
  await evaluateRun(run, { suite, episodes: EPISODES, threads: 1, recordings, starts, ...options });
  return startsIn(recordings, starts, "evaluate");
}

async function startsOfOracle(starts: EvaluationStarts, options: OracleOptions = {}) {
  const recordings = newFolder();
  const how = { suite, episodes: EPISODES, threads: 1, settings: planner };
  await evaluateOracle({ ...how, recordings, starts, ...options });
  return startsIn(recordings, starts, "oracle");
}

/** Angles at the starts of what a run learned from. */
const learned = (run: string) =>
  readdirSync(join(run, "episodes"))
    .filter((name) => /-(train|random)-/.test(name))
    .map((name) => readEpisode(join(run, "episodes", name)).start.observation[0]!);

describe("varied starts of an evaluation", () => {
  it("are the same for runs of other methods and seeds and for the oracle, whatever they plan with", async () => {
    const starts = await startsOfRun(single, "varied");
    expect(starts.map((ofTask) => ofTask.length)).toEqual([EPISODES, EPISODES]);
    // No two alike: neither of an episode and the next, nor of a task and the next.
    expect(new Set(starts.flat()).size).toBe(2 * EPISODES);
    expect(starts.flat().every((angle) => angle >= 1 && angle < 2)).toBe(true);
    expect(await startsOfRun(finetune, "varied")).toEqual(starts);
    expect(await startsOfRun(finetune, "varied", { planner: "random" })).toEqual(starts);
    expect(await startsOfOracle("varied")).toEqual(starts);
    expect(await startsOfOracle("varied", { run: finetune })).toEqual(starts);
    // As many episodes as are asked for, and of an earlier state as many tasks: the first of them.
    expect(await startsOfRun(single, "varied", { episodes: 1, afterTask: 1 })).toEqual([
      starts[0]!.slice(0, 1),
      [],
    ]);
  });

  it("are drawn by the seed of the evaluation, and are none of those that were learned from", async () => {
    const starts = await startsOfRun(single, "varied", { seed: 2 });
    expect(await startsOfRun(finetune, "varied", { seed: 2 })).toEqual(starts);
    expect(await startsOfOracle("varied", { seed: 2 })).toEqual(starts);
    const unasked = await startsOfRun(single, "varied");
    expect(starts.flat().filter((angle) => unasked.flat().includes(angle))).toEqual([]);
    // Of seed 2, too, as which `finetune` was trained.
    const met = [...learned(single), ...learned(finetune)];
    expect(met.length).toBeGreaterThan(8);
    expect(met.filter((angle) => starts.flat().includes(angle))).toEqual([]);
  });

  it("are not the published ones, which stay what they are", async () => {
    const published = tasks.map(() => Array(EPISODES).fill(0));
    expect(await startsOfRun(single, "published")).toEqual(published);
    expect(await startsOfRun(single, "published", { seed: 2 })).toEqual(published);
    expect(await startsOfOracle("published")).toEqual(published);
  });

  it("are named in the figures, and only they are", async () => {
    const how = { suite, episodes: 1, threads: 1 };
    const run = (options: EvaluateOptions) => evaluateRun(single, { ...how, ...options });
    const unsaid = await run({});
    expect(unsaid).not.toHaveProperty("starts");
    expect(JSON.stringify(await run({ starts: "published" }))).toBe(JSON.stringify(unsaid));
    expect(await run({ starts: "varied" })).toMatchObject({ starts: "varied", startSeed: 90_000 });
    expect(await run({ starts: "varied", seed: 5 })).toMatchObject({ starts: "varied", startSeed: 5 });

    const oracle = async (options: OracleOptions) =>
      oracleReference(await evaluateOracle({ ...how, settings: planner, ...options }));
    const reference = await oracle({ seed: 3 });
    expect(reference).toMatchObject({ firstStart: 90_000 });
    expect(documentText(await oracle({ seed: 3, starts: "published" }))).toBe(documentText(reference));
    const varied = await oracle({ seed: 3, starts: "varied" });
    expect(varied).toMatchObject({ starts: "varied", startSeed: 3 });
    expect(varied).not.toHaveProperty("firstStart");
    // The random policy starts there as well.
    expect(varied.tasks[0]!.random.return.mean).toBeLessThan(reference.tasks[0]!.random.return.mean - 2);
  });

  it("are refused where a task does not say how, before anything is written", async () => {
    const plain = join(folder, "plain");
    const fixed = pointSuite(tasks[0]!, pointTask({ spec: { episodeSteps: 5 }, task: { name: "fixed" } }));
    const shared = { ...settings, "loop.learningStarts": "shared" };
    await train({ suite: fixed, method: "single", threads: 1, settings: shared, out: plain });
    const recordings = newFolder();
    const message =
      /^Episodes of this evaluation cannot start from varied starts; got varied, and task fixed of suite point does not say how; expected published\. .*own-suite/;
    const how = { suite: fixed, threads: 1, recordings, starts: "varied" } as const;
    for (const evaluate of [
      () => evaluateRun(plain, how),
      () => evaluateOracle({ ...how, settings: planner }),
    ]) {
      const refused = evaluate();
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toBeInstanceOf(UsageError);
    }
    expect(existsSync(recordings)).toBe(false);
    // After its first task, which says how, the run has no other.
    const first = await evaluateRun(plain, { ...how, afterTask: 1, episodes: 1 });
    expect(first).toMatchObject({ starts: "varied", tasks: [{ task: "light" }] });
    const unknown = evaluateRun(plain, { suite: fixed, starts: "varid" as EvaluationStarts });
    await expect(unknown).rejects.toThrow(/Unknown choice of starts; got "varid".*Did you mean "varied"/);
  });
});

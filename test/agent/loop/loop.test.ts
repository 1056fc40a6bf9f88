import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";

import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { Agent } from "../../../agent/agent.js";
import { ONE_THREAD } from "../../../agent/compute.js";
import { ContinualLoop } from "../../../agent/loop/loop.js";
import { MpcPolicy } from "../../../agent/policy.js";
import { RolloutModel } from "../../../agent/rollout/rollout.js";
import { metricsByType, readMetrics, readTiming, timingByType } from "../../../agent/run/read-log.js";
import { isForMetrics, isForTiming, type RunEvent } from "../../../agent/run/run-events.js";
import { RunStore } from "../../../agent/run/store.js";
import { evaluatedTasks } from "../../../agent/settings/evaluated-tasks.js";
import { resolveSettings } from "../../../agent/settings/resolve.js";
import { RunError } from "../../../sim/core/errors.js";
import { Environment } from "../../../sim/environment.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { verifyEpisode } from "../../../sim/recording/verify.js";
import type { Scene, Task } from "../../../sim/task.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { fakeTask, PHYSICS } from "../../sim/recording/fake-task.js";
import { take } from "../../take.js";
import { CATALOG, partsFor, withMoving } from "../fixtures.js";
import { SMALL, VERSIONS } from "../short-run.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

function open(
  name: string,
  tasks: readonly Task[],
  recordPlans = false,
  assignments: readonly string[] = [],
  seed = 3,
) {
  const settings = resolveSettings(
    { suite: { name: "fake", tasks }, method: "hypercrl", profile: "quick", seed },
    [...SMALL, "loop.bufferCapacity=50", "loop.evaluationEpisodes=2", ...assignments],
    CATALOG,
  );
  const folder = join(root, name);
  const store = RunStore.create(folder, settings, VERSIONS);
  return { folder, store, loop: loopOf(tasks, store, recordPlans) };
}

function loopOf(tasks: readonly Task[], store: RunStore, recordPlans = false): ContinualLoop {
  let clock = 0;
  return new ContinualLoop(tasks, {
    store,
    recordPlans,
    now: () => clock++,
    compute: ONE_THREAD,
    parts: partsFor(store.settings),
    stopRequested: () => false,
  });
}

/** Like a task, but its observation turns NaN after some control steps, counted over all of its scenes. */
function failing(task: Task, afterSteps: number): Task {
  let steps = 0;
  const spoil = (scene: Scene): Scene =>
    new Proxy(scene, {
      get(target, key) {
        if (key === "advance") {
          return (action: ArrayLike<number>) => {
            steps++;
            target.advance(action);
          };
        }
        if (key === "observe") {
          return (out: Float32Array) => {
            target.observe(out);
            if (steps > afterSteps) out[1] = Number.NaN;
          };
        }
        const value = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  return { ...task, createScene: () => spoil(task.createScene()) };
}

/** Learns from starts with y = 1, where its own have y = 0. */
function variedTask(): Task {
  const createLearningScene = () => {
    const scene = fakeTask().createScene();
    const reset = (random: () => number) =>
      scene.restore(new Uint8Array(Float64Array.of(random(), 1, 0, 0).buffer));
    return Object.assign(scene, { reset });
  };
  return { ...fakeTask(), createLearningScene };
}

it("hands the model states with the changes since the last observations, also across random and planned steps", async () => {
  const fake = fakeTask();
  const [x, y] = take(2, fake.spec.observation);
  const task = withMoving(fake, x.name, y.name);
  const { folder, store, loop } = open("history", [task], false, ["dynamics.history=2"]);
  const remember = vi.spyOn(Agent.prototype, "remember");
  expect(await loop.run()).toBe("done");
  store.close();
  const states = remember.mock.calls.map(([state]) => [...state]);
  remember.mockRestore();
  const X = fake.spec.observation.length;
  const change = (after: Float32Array, before: Float32Array) => {
    const [dx, dy] = [after[0]! - before[0]!, after[1]! - before[1]!];
    return [dx, dy - 0.5 * dx].map(Math.fround);
  };
  const wanted = metricsByType(readMetrics(folder)).episode.flatMap(({ recording }) => {
    const { start, steps } = readEpisode(join(folder, recording));
    const met = [start.observation, ...steps.map(({ observation }) => observation)];
    return met.slice(0, -1).map((x, t) => {
      const [last, older] = [met[t - 1], met[t - 2]];
      const before = last && older ? change(last, older) : [0, 0];
      return [...x, ...(last ? change(x, last) : [0, 0]), ...before];
    });
  });
  expect(states).toHaveLength(100);
  expect(states).toEqual(wanted);
  expect(new Set(states.map((s) => s.slice(X).join())).size).toBeGreaterThan(20);
});

describe("the main loop", () => {
  it("measures the random policy, learns each task and evaluates all seen so far", async () => {
    const tasks = [fakeTask(), { ...fakeTask(), name: "second" }];
    const { folder, store, loop } = open("whole", tasks);
    expect(await loop.run()).toBe("done");
    store.close();
    const records = readMetrics(folder);
    const { baseline, episode, training, kept, evaluation } = metricsByType(records);
    expect(baseline).toHaveLength(2 * 2);
    expect(training).toHaveLength(2 * 3);
    expect(kept.map(({ tasks }) => tasks.map((t) => t.transitions))).toEqual([[0], [0, 0]]);
    expect(evaluation.map((r) => [r.afterTask, r.taskIndex])).toEqual([
      [0, 0],
      [0, 0],
      [1, 0],
      [1, 0],
      [1, 1],
      [1, 1],
    ]);
    const learned = episode.filter((r) => r.taskIndex === 1);
    expect(learned.at(-1)?.steps).toBe(100);
    expect(learned[0]?.phase).toBe("random");
    expect(learned.at(-1)?.phase).toBe("train");
    for (const record of records) {
      if ("recording" in record) expect(existsSync(join(folder, record.recording))).toBe(true);
    }
  });

  it("measures after each evaluation how well the model predicts its episodes", async () => {
    const tasks = [fakeTask(), { ...fakeTask(), name: "second" }];
    const { folder, store, loop } = open("model-error", tasks);
    await loop.run();
    store.close();
    const records = readMetrics(folder);
    const { modelError, evaluation } = metricsByType(records);
    expect(modelError.map((r) => [r.afterTask, r.task, r.taskIndex])).toEqual([
      [0, "point", 0],
      [1, "point", 0],
      [1, "second", 1],
    ]);
    expect(records.at(-1)?.type).toBe("modelError");
    for (const { afterTask, taskIndex, horizons, starts, leftOut, errors } of modelError) {
      // Of two episodes of 35 steps, the moments with 20 steps after them.
      expect([starts, leftOut]).toEqual([new Array(4).fill(2 * 16), new Array(4).fill(0)]);
      const own = evaluation.filter((r) => r.afterTask === afterTask && r.taskIndex === taskIndex);
      const met = own.map(({ recording }) => {
        const { start, steps } = readEpisode(join(folder, recording));
        return [start.observation, ...steps.map(({ observation }) => observation)];
      });
      const place = errors.find(({ unit }) => unit === "m")!;
      for (const [h, steps] of horizons.entries()) {
        const moves = met.flatMap((x) =>
          Array.from({ length: 16 }, (_, t) => [0, 1].map((i) => x[t + steps]![i]! - x[t]![i]!)),
        );
        const square = moves.flat().reduce((sum, move) => sum + move ** 2, 0) / moves.flat().length;
        expect(place.unchanged[h]).toBeCloseTo(Math.sqrt(square), 12);
        expect(place.model[h]).toBeGreaterThan(0);
      }
    }
  });

  it("records plans when asked to, and learns the same", async () => {
    const runWith = async (plans: boolean) => {
      const { folder, store, loop } = open(`plans-${plans}`, [fakeTask()], plans);
      await loop.run();
      store.close();
      const records = readMetrics(folder);
      const files = records.flatMap((record) => ("recording" in record ? record.recording : []));
      const episodes = files.map((file) => readEpisode(join(folder, file), { poses: true }));
      return { records, steps: episodes.map(({ steps }) => steps), episodes };
    };
    const [plain, planned] = await Promise.all([runWith(false), runWith(true)]);
    expect(planned.records).toEqual(plain.records);
    expect(planned.steps).toEqual(plain.steps);
    const counts = ({ episodes }: typeof plain) => episodes.map(({ playback }) => playback!.plans.length);
    expect(counts(plain).every((n) => n === 0)).toBe(true);
    // Two episodes at random; 40 random steps, of which the last are in an episode that planning goes on with; evaluations.
    expect(counts(planned)).toEqual([0, 0, 0, 30, 30, 35, 35]);
    const last = planned.episodes.at(-1)!.playback!.plans[20]!;
    expect(last.step).toBe(21);
    expect(last.expected).toHaveLength(3 * 4);
    // Of two elites both, beside the chosen sequence, for two landmarks.
    expect(last.paths).toHaveLength(2 * 3);
  });

  it("says everything once: its logs hold what its listeners are told, but for steps and single plans", async () => {
    const { folder, store, loop } = open("events", [fakeTask()]);
    const events: RunEvent[] = [];
    store.log.listen((event) => events.push(event));
    await loop.run();
    store.close();
    const [metrics, timing] = [readMetrics(folder), readTiming(folder)];
    const logged = (records: readonly object[], told: readonly RunEvent[]) => {
      expect(told).toHaveLength(records.length);
      for (const [i, record] of records.entries()) expect(told[i]).toMatchObject(record);
    };
    logged(metrics, events.filter(isForMetrics));
    logged(timing, events.filter(isForTiming));
    const whole = events.filter(({ type }) => !["step", "planned", "training", "planning"].includes(type));
    expect(whole).toEqual(metrics.filter(({ type }) => type !== "training"));
    expect(events.filter(({ type }) => type === "step")).toHaveLength(100);
    expect(events.filter(({ type }) => type === "planned")).toHaveLength(60);
    expect(events.find(({ type }) => type === "training")).toEqual({
      ...metricsByType(metrics).training[0],
      ...timing[0],
    });
  });

  it("notes how long planning took, episode by episode", async () => {
    const { folder, store, loop } = open("planning", [fakeTask()]);
    await loop.run();
    store.close();
    const { planning } = timingByType(readTiming(folder));
    expect(planning.length).toBeGreaterThan(1);
    expect(planning.reduce((sum, { actions }) => sum + actions, 0)).toBe(60);
    expect(planning.at(-1)?.steps).toBe(100);
    // The clock goes on by 1 at each look.
    for (const { actions, ms } of planning) expect(ms).toBe(actions);
  });

  it("says which episode went over from random to planned actions, and which the task's end cut", async () => {
    const whole = fakeTask();
    const task = { ...whole, spec: { ...whole.spec, episodeSteps: 24 } };
    const { folder, store, loop } = open("cut and mixed", [task]);
    await loop.run();
    store.close();
    const { episode } = metricsByType(readMetrics(folder));
    expect(episode.map((r) => [r.steps, r.phase, r.randomSteps, r.cut])).toEqual([
      [24, "random", undefined, undefined],
      [48, "random", 16, undefined],
      [72, "train", undefined, undefined],
      [96, "train", undefined, undefined],
      [100, "train", undefined, true],
    ]);
    const headers = episode.map(({ recording }) => readEpisode(join(folder, recording)).header);
    expect(headers.map((header) => header.randomSteps)).toEqual(episode.map((r) => r.randomSteps));
  });

  it.each(["icem", "cem", "mppi", "pddm", "random", "gradient"])(
    "begins anew where the task ends an episode, with planner %s",
    async (planner) => {
      const task = fakeTask({ range: 0.05 });
      const remember = vi.spyOn(Agent.prototype, "remember");
      const { folder, store, loop } = open(`ending-${planner}`, [task], true, [`planner.name=${planner}`]);
      await loop.run();
      store.close();
      const remembered = remember.mock.calls.map(([, , next]) => [...next]);
      remember.mockRestore();
      const { baseline, episode, evaluation } = metricsByType(readMetrics(folder));
      const ended = episode.filter((r) => r.terminated);
      expect(ended.length).toBeGreaterThan(1);
      expect(episode.at(-1)).toMatchObject({ steps: 100 });
      const made = [];
      for (const record of [...baseline, ...episode, ...evaluation]) {
        const recorded = readEpisode(join(folder, record.recording), { poses: true });
        const last = recorded.steps.at(-1)!;
        expect(last).toMatchObject({ terminated: record.terminated, returnSoFar: record.return });
        expect(Math.abs(last.observation[1]!) > 0.05).toBe(record.terminated);
        const cut = "cut" in record && record.cut;
        expect([last.terminated || last.truncated, recorded.totals.terminated ?? false]).toEqual([
          !cut,
          record.terminated,
        ]);
        expect(verifyEpisode(recorded, task, PHYSICS)).toMatchObject({ ok: true });
        if (record.type === "episode")
          made.push(...recorded.steps.map(({ observation }) => [...observation]));
        // A recorded plan goes as far as the model expects the episode to.
        for (const { expected } of recorded.playback!.plans) {
          for (let at = 1; at + 4 < expected.length; at += 4) {
            expect(Math.abs(expected[at]!)).toBeLessThanOrEqual(Math.fround(0.05));
          }
        }
      }
      expect(remembered).toEqual(made);
    },
  );

  it("begins learning episodes anew after `loop.learningEpisodeSteps`, and evaluates whole ones", async () => {
    const short = "loop.learningEpisodeSteps=15";
    const { folder, store, loop } = open("short", [fakeTask()], false, [short]);
    await loop.run();
    store.close();
    const { baseline, episode, evaluation } = metricsByType(readMetrics(folder));
    expect(episode.map((r) => [r.steps, r.phase, r.randomSteps, r.cut])).toEqual([
      [15, "random", undefined, undefined],
      [30, "random", undefined, undefined],
      [45, "random", 10, undefined],
      [60, "train", undefined, undefined],
      [75, "train", undefined, undefined],
      [90, "train", undefined, undefined],
      [100, "train", undefined, true],
    ]);
    const read = (record: { readonly recording: string }) => readEpisode(join(folder, record.recording));
    for (const record of [...baseline, ...evaluation]) {
      expect(read(record).steps).toHaveLength(35);
      expect(read(record).header.episodeSteps).toBeUndefined();
    }
    for (const record of episode) {
      const recorded = read(record);
      expect(recorded.header.episodeSteps).toBe(15);
      expect(recorded.steps.at(-1)).toMatchObject({ truncated: record.cut === undefined });
      expect(verifyEpisode(recorded, fakeTask(), PHYSICS)).toMatchObject({ ok: true });
      const { episodeSteps: _, ...header } = recorded.header;
      const taken = verifyEpisode({ ...recorded, header }, fakeTask(), PHYSICS);
      expect(taken.ok).toBe(record.cut === true);
    }
    const longer = open("longer", [fakeTask()], false, ["loop.learningEpisodeSteps=36"]);
    await longer.loop.run();
    longer.store.close();
    const lengths = metricsByType(readMetrics(longer.folder)).episode.map(({ steps }) => steps);
    expect(lengths).toEqual([35, 70, 100]);
  });

  it("adds noise to what is planned while learning, and to nothing else", async () => {
    const plain = vi.spyOn(MpcPolicy.prototype, "act");
    const { folder, store, loop } = open("noise", [fakeTask()], false, ["loop.explorationStd=0.2"]);
    await loop.run();
    store.close();
    const planned = await Promise.all(plain.mock.results.map(({ value }) => value as Promise<Float32Array>));
    const { episode, evaluation } = metricsByType(readMetrics(folder));
    const actions = (record: { readonly recording: string }) =>
      readEpisode(join(folder, record.recording)).steps.map(({ action }) => action[0]!);
    const learned = episode.flatMap(actions).slice(-planned.length + evaluation.flatMap(actions).length);
    const differences = learned.map((action, i) => Math.abs(action - planned[i]![0]!));
    expect(differences.filter((difference) => difference > 0).length).toBeGreaterThan(differences.length / 2);
    expect(evaluation.flatMap(actions)).toEqual(planned.slice(learned.length).map(([action]) => action!));
  });

  it("holds the last reward for the rest of the task's episode, also in learning episodes that are shorter", async () => {
    const hold = vi.spyOn(RolloutModel.prototype, "hold");
    const assignments = ["planner.holdReward=true", "loop.learningEpisodeSteps=15"];
    const { store, loop } = open("held", [fakeTask()], false, assignments);
    await loop.run();
    store.close();
    const rests = hold.mock.calls.map(([rest]) => rest);
    hold.mockRestore();
    // Episodes of 35 steps, 3 of them planned ahead.
    const from = (first: number, last: number) =>
      Array.from({ length: last - first + 1 }, (_, i) => Math.max(0, 32 - (first + i)));
    // The third learning episode is random for 10 steps; the last ends with the task's 100th. Then two are evaluated.
    const learning = [from(10, 14), from(0, 14), from(0, 14), from(0, 14), from(0, 9)];
    expect(rests).toEqual([...learning, from(0, 34), from(0, 34)].flat());
  });

  it("starts learning episodes as `loop.learningStarts` says, and evaluations always alike", async () => {
    const startsOf = async (learningStarts: string, seed: number) => {
      const name = `starts-${learningStarts}-${seed}`;
      const set = [`loop.learningStarts=${learningStarts}`];
      const { folder, store, loop } = open(name, [variedTask()], false, set, seed);
      await loop.run();
      store.close();
      const { baseline, episode, evaluation } = metricsByType(readMetrics(folder));
      const read = ({ recording }: { readonly recording: string }) => readEpisode(join(folder, recording));
      const learned = episode.map(read);
      for (const { header, start, ...recorded } of learned) {
        expect(header.starts).toBe(learningStarts === "shared" ? undefined : learningStarts);
        const environment = new Environment(variedTask(), { variedStarts: header.starts === "varied" });
        expect(environment.reset(header.seed)).toEqual(start.observation);
        expect(verifyEpisode({ ...recorded, header, start }, variedTask(), PHYSICS)).toMatchObject({
          ok: true,
        });
      }
      const others = [...baseline, ...evaluation].map(read);
      expect(others.every(({ header }) => header.starts === undefined)).toBe(true);
      return {
        learning: learned.map(({ header }) => header.seed),
        y: learned.map(({ start }) => start.observation[1]),
        evaluation: others.map(({ header }) => header.seed),
      };
    };
    const shared = [await startsOf("shared", 3), await startsOf("shared", 4)];
    expect(shared[0]).toEqual(shared[1]);
    expect(shared[0]).toMatchObject({ learning: [0, 1, 2], y: [-0, -0, -0] });
    const seeded = [await startsOf("seeded", 3), await startsOf("seeded", 4)];
    expect(new Set(seeded.flatMap(({ learning }) => learning)).size).toBe(6);
    const varied = await startsOf("varied", 3);
    expect(varied).toEqual({ ...seeded[0], y: [1, 1, 1] });
    for (const { evaluation } of [...seeded, varied]) expect(evaluation).toEqual(shared[0]!.evaluation);
  });

  it.each([
    ["a task that ends its episodes", fakeTask({ range: 0.05 }), []],
    ["a task with short learning episodes", fakeTask(), ["loop.learningEpisodeSteps=15"]],
    [
      "a task with noise on what is planned",
      fakeTask(),
      ["loop.explorationStd=0.2", "loop.learningEpisodeSteps=15"],
    ],
    [
      "a task planned by the members of an ensemble in turn",
      fakeTask(),
      ["dynamics.members=3", "loop.learningModel=member", "loop.learningEpisodeSteps=15"],
    ],
    [
      "a task planned by members in turn, where a session is due that is adopted later",
      fakeTask(),
      ["dynamics.members=3", "loop.learningModel=member", "loop.trainLag=8", "loop.learningEpisodeSteps=20"],
    ],
    [
      "a task with varied starts",
      variedTask(),
      ["loop.learningStarts=varied", "loop.learningEpisodeSteps=15"],
    ],
  ] as const)("goes on after a stop in the middle of %s, with the same bytes", async (name, task, set) => {
    const whole = open(`${name}, whole`, [task], false, set);
    await whole.loop.run();
    whole.store.close();
    const { folder, store, loop } = open(name, [task], false, set);
    const save = store.save.bind(store);
    vi.spyOn(store, "save").mockImplementation((checkpoint) => {
      if (checkpoint.progress.episode === 4) throw new RunError({ what: "killed" });
      save(checkpoint);
    });
    await expect(loop.run()).rejects.toThrow("killed");
    store.close();
    const resumed = RunStore.resume(folder, VERSIONS, () => task.spec);
    expect(resumed.checkpoint?.progress).toMatchObject({ stage: "learn", episode: 3 });
    const again = loopOf([task], resumed.store);
    await again.restore(resumed.checkpoint!);
    resumed.store.takeUp();
    again.readLog();
    expect(await again.run()).toBe("done");
    resumed.store.close();
    const log = (run: string) => readFileSync(join(run, "metrics.jsonl"), "utf8");
    expect(log(folder)).toBe(log(whole.folder));
  });

  it("stops on a non-finite observation with step, task and quantity, and keeps what was saved and what led there", async () => {
    const { spec } = fakeTask();
    // Baseline episodes pass; the failure falls into the second learning episode.
    const failAt = 2 * spec.episodeSteps + spec.episodeSteps + 3;
    const { folder, store, loop } = open("failing", [failing(fakeTask(), failAt)]);
    const name = spec.observation[1]!.name;
    await expect(loop.run()).rejects.toThrow(
      new RegExp(`episode step 4: ${name} is not finite; got NaN.*failed.mcap holds what`),
    );
    store.close();
    const records = readMetrics(folder);
    expect(records.filter((r) => r.type === "episode").length).toBe(1);
    expect(readEpisode(join(folder, "episodes", "failed.mcap")).steps.length).toBe(3);
    const resumed = RunStore.resume(folder, VERSIONS, () => spec);
    expect(resumed.checkpoint?.progress).toMatchObject({
      stage: "learn",
      steps: spec.episodeSteps,
      episode: 1,
    });
    expect(existsSync(join(folder, "episodes", "failed.mcap"))).toBe(true);
    expect(resumed.store.takeUp()).toEqual([]);
    expect(existsSync(join(folder, "episodes", "failed.mcap"))).toBe(false);
    resumed.store.close();
  });

  describe("with loop.evaluateTasks", () => {
    const tasks = ["a", "b", "c", "d"].map((name) => ({ ...fakeTask(), name }));
    const some = ["loop.evaluateTasks=2"];
    const linesOf = (folder: string) =>
      readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n");

    it("evaluates as many tasks after each, and after the last all; everything else is as it was", async () => {
      const [whole, part] = [open("every task", tasks), open("some tasks", tasks, false, some)];
      for (const { loop, store } of [whole, part]) {
        expect(await loop.run()).toBe("done");
        store.close();
      }
      const left = metricsByType(readMetrics(part.folder)).evaluation;
      const pairs = [...new Set(left.map((r) => `${r.afterTask}/${r.taskIndex}`))];
      const drawn = evaluatedTasks(part.store.settings, 2);
      expect(pairs).toEqual(["0/0", "1/0", "1/1", ...drawn.map((j) => `2/${j}`), "3/0", "3/1", "3/2", "3/3"]);
      const out = [0, 1].find((j) => !drawn.includes(j))!;
      const isLeftOut = (line: string) => line.includes(`"afterTask":2,"task":"${tasks[out]!.name}"`);
      expect(linesOf(part.folder)).toEqual(linesOf(whole.folder).filter((line) => !isLeftOut(line)));
      const { returns } = JSON.parse(readFileSync(join(part.folder, "evaluation.json"), "utf8"));
      const full = JSON.parse(readFileSync(join(whole.folder, "evaluation.json"), "utf8"));
      full.returns[2][out] = [];
      expect(returns).toEqual(full.returns);
      expect(part.loop.matrix.mean(2, out)).toBeNaN();
    });

    // After the third task two of three are evaluated, after the last all; killed at the first and at the last of each.
    it.each([
      [2, 0],
      [2, 3],
      [3, 0],
      [3, 5],
    ])(
      "killed after task %i at its evaluation episode %i, it ends in the same bytes",
      async (after, before) => {
        const reference = open(`some ${after} ${before}`, tasks, false, some);
        expect(await reference.loop.run()).toBe("done");
        reference.store.close();
        const killed = open(`killed ${after} ${before}`, tasks, false, some);
        let met = 0;
        killed.store.log.listen((event) => {
          if (event.type !== "evaluation" || event.afterTask !== after) return;
          if (met++ === before) throw new RunError({ what: "killed" });
        });
        await expect(killed.loop.run()).rejects.toThrow("killed");
        killed.store.close();
        const resumed = RunStore.resume(killed.folder, VERSIONS, () => fakeTask().spec);
        const { stage, task, evaluated } = resumed.checkpoint!.progress;
        expect([stage, task]).toEqual(["evaluate", after]);
        expect(evaluatedTasks(killed.store.settings, after)[Math.floor(before / 2)]).toBe(evaluated);
        const again = loopOf(tasks, resumed.store);
        await again.restore(resumed.checkpoint!);
        expect(resumed.store.takeUp()).toEqual([]);
        again.readLog();
        expect(await again.run()).toBe("done");
        resumed.store.close();
        const untimed = ({ folder }: { folder: string }) =>
          Object.entries(fileHashes(folder)).filter(([name]) => !name.includes("timing"));
        expect(untimed(killed)).toEqual(untimed(reference));
      },
    );
  });

  it("takes an evaluation back that its process wrote and did not live to save", async () => {
    const { folder, store, loop } = open("killed", [fakeTask()]);
    const save = store.save.bind(store);
    vi.spyOn(store, "save").mockImplementation((checkpoint) => {
      if (checkpoint.progress.stage === "done") throw new RunError({ what: "killed" });
      save(checkpoint);
    });
    await expect(loop.run()).rejects.toThrow("killed");
    store.close();
    const evaluation = () => JSON.parse(readFileSync(join(folder, "evaluation.json"), "utf8"));
    expect(evaluation().returns).toHaveLength(1);
    const resumed = RunStore.resume(folder, VERSIONS, () => fakeTask().spec);
    const again = loopOf([fakeTask()], resumed.store);
    await again.restore(resumed.checkpoint!);
    resumed.store.takeUp();
    again.readLog();
    expect(evaluation()).toMatchObject({ random: [[expect.any(Number), expect.any(Number)]], returns: [] });
    expect(await again.run()).toBe("done");
    resumed.store.close();
    expect(evaluation().returns).toHaveLength(1);
  });

  it("writes nothing more once its folder is another process's", async () => {
    const { folder, store, loop } = open("taken", [fakeTask()]);
    const written = () =>
      ["metrics.jsonl", "timing.jsonl", "checkpoint.json"].map((name) => readFileSync(join(folder, name)));
    let before: Buffer[] = [];
    store.log.listen((event) => {
      if (event.type !== "training" || before.length > 0) return;
      before = written();
      store.checkBeforeWriting(() => {
        throw new RunError({ what: "taken over" });
      });
    });
    await expect(loop.run()).rejects.toThrow("taken over");
    store.close();
    expect(before).toHaveLength(3);
    expect(written()).toEqual(before);
  });

  it("says why it failed, also where its learner cannot be released", async () => {
    const { store } = open("release", [fakeTask()]);
    const parts = partsFor(store.settings);
    const failed = async (why: string) => Promise.reject(new Error(why));
    const create: typeof parts.method.create = (...args) => {
      const learner = parts.method.create(...args);
      return Object.assign(learner, {
        beginTask: () => failed("no task"),
        release: () => failed("no release"),
      });
    };
    const services = { store, now: () => 0, compute: ONE_THREAD, stopRequested: () => false };
    const own = { ...parts, method: { ...parts.method, create } };
    await expect(new ContinualLoop([fakeTask()], { ...services, parts: own }).run()).rejects.toThrow(
      "no task",
    );
    store.close();
  });

  it("keeps no episode as the failed one when what fails comes after it", async () => {
    const { folder, store, loop } = open("full", [fakeTask()]);
    const full = new RunError({ what: "The disk is full" });
    const save = vi.spyOn(store, "save").mockImplementation(() => {
      throw full;
    });
    await expect(loop.run()).rejects.toBe(full);
    expect(save).toHaveBeenCalledOnce();
    store.close();
    const kept = readdirSync(join(folder, "episodes")).sort();
    expect(kept).toEqual(["baseline-01-01.mcap", "baseline-01-02.mcap"]);
  });
});

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { oracleReference } from "../../../scripts/compare/oracle-file.js";
import { evaluateOracle } from "../../../scripts/evaluate/evaluate-oracle.js";
import type { OracleOptions } from "../../../scripts/evaluate/oracle-evaluation.js";
import { train } from "../../../scripts/runs/train.js";
import { documentText } from "../../../sim/core/documents.js";
import { InputError, UsageError } from "../../../sim/core/errors.js";
import { Environment } from "../../../sim/environment.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { verifyEpisode } from "../../../sim/recording/verify.js";
import { physicsVersion } from "../../../sim/world.js";
import { reacherSuite } from "../../../tasks/reacher/reacher.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { call, expectOneError } from "../call.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** A fraction of a second an episode. */
const SMALL = {
  "planner.samples": 8,
  "planner.elites": 3,
  "planner.iterations": 1,
  "planner.horizon": 8,
};
const reacher = (change: OracleOptions = {}) =>
  evaluateOracle({ suite: "reacher", tasks: 1, episodes: 2, threads: 1, settings: SMALL, ...change });
const bytes = async (change: OracleOptions) => documentText(oracleReference(await reacher(change)));

describe("the oracle", () => {
  it("beats the random policy by far, and its episodes are those that a simulation of its actions gives", async () => {
    const recordings = join(folder, "recordings");
    const { tasks, complete } = await reacher({ recordings });
    expect(complete).toBe(true);
    const [{ task, random, oracle }] = take(1, tasks);
    expect([task, random.length, oracle.length]).toEqual(["0.50m", 2, 2]);
    // Distance from the goal, added up over 50 steps.
    for (const episode of random) expect(episode.return).toBeLessThan(-25);
    for (const episode of oracle) expect(episode.return).toBeGreaterThan(-20);
    expect(oracle.every(({ success }) => success)).toBe(true);
    expect(readdirSync(recordings)).toEqual(["oracle-01-01.mcap", "oracle-01-02.mcap"]);
    for (const { recording, return: sum } of oracle) {
      const episode = readEpisode(recording!);
      // Every observation, reward and state hash: planning has left nothing in the world that it planned for.
      expect(verifyEpisode(episode, reacherSuite.tasks[0]!, physicsVersion())).toMatchObject({ ok: true });
      expect(episode.header).toMatchObject({ phase: "evaluate", suite: "reacher", task: "0.50m" });
      const environment = new Environment(reacherSuite.tasks[0]!);
      environment.reset(episode.header.seed);
      const paid = episode.steps.map(({ action }) => environment.step(action).reward);
      expect(paid.reduce((a, b) => a + b, 0)).toBe(sum);
      environment.close();
    }
  });

  it("plays the same with 1, 2 and 3 threads, and otherwise with another seed", async () => {
    const alone = await bytes({ seed: 4 });
    expect(await bytes({ seed: 4, threads: 2 })).toBe(alone);
    expect(await bytes({ seed: 4, threads: 3 })).toBe(alone);
    expect(await bytes({ seed: 5 })).not.toBe(alone);
  });

  it("plays every task of a suite of one's own, in several threads too", async () => {
    const module = join(folder, "wheel.mjs");
    writeFileSync(module, WHEEL);
    const figures = async (threads: number) => {
      const evaluation = await evaluateOracle({ suite: module, episodes: 1, threads, settings: SMALL });
      return oracleReference(evaluation);
    };
    const alone = await figures(1);
    expect(await figures(2)).toEqual(alone);
    expect(alone.tasks.map(({ task }) => task)).toEqual(["light", "heavy"]);
    expect(Object.keys(alone.modules!)).toEqual(["wheel.mjs"]);
    // What the suite says of the oracle holds where the call says nothing.
    expect(alone).toMatchObject({ planner: { horizon: 8, noiseBeta: 1, holdReward: true } });
    for (const { oracle, random } of alone.tasks) {
      expect(oracle.return.mean).toBeGreaterThan(random.return.mean);
    }
  });

  it("takes suite, tasks, episodes and seed of a run", async () => {
    const run = join(folder, "run");
    const tiny = { "loop.initialRandomSteps": 50, "loop.stepsPerTask": 50, "loop.trainIterations": 2 };
    const settings = { ...tiny, "loop.evaluationEpisodes": 1, "dynamics.hidden": [8], tasks: 1 };
    const planner = { "planner.samples": 16, "planner.elites": 4, "planner.horizon": 2 };
    await train({ suite: "reacher", seed: 9, out: run, threads: 1, settings: { ...settings, ...planner } });
    const before = fileHashes(run);
    const { suite, seed, episodes, tasks } = await evaluateOracle({ run, threads: 1, settings: SMALL });
    expect([suite, seed, episodes, tasks.length]).toEqual(["reacher", 9, 1, 1]);
    expect(fileHashes(run)).toEqual(before);
    // Its random policy is the run's own.
    const { random } = JSON.parse(readFileSync(join(run, "evaluation.json"), "utf8"));
    expect(tasks[0]!.random.map((episode) => episode.return)).toEqual(random[0]);
    await expect(evaluateOracle({ run, tasks: 2 })).rejects.toThrow(/out of range; got 2; expected 1 to 1/);
  });

  it("stops when it is asked to, within an episode", async () => {
    const stop = new AbortController();
    let steps = 0;
    const { complete, tasks } = await reacher({
      signal: stop.signal,
      onStep: () => {
        steps++;
        if (steps === 60) stop.abort();
      },
    });
    expect([complete, steps, tasks[0]!.oracle.length]).toEqual([false, 60, 1]);
  });

  it("refuses what it cannot plan with", async () => {
    await expect(reacher({ planner: "gradient" })).rejects.toThrow(
      /cannot plan with this planner; got one that asks for derivatives/,
    );
    const settings = (assignment: string) => reacher({ assignments: [assignment] });
    await expect(settings("loop.trainEvery=5")).rejects.toThrow(UsageError);
    await expect(settings("oracle.holdReward=true")).rejects.toThrow(/The oracle has no such setting/);
    await expect(settings("planner.polishSteps=3")).rejects.toThrow(
      /planner\.polishSteps is not for the oracle; got 3; expected 0: the simulator gives no derivatives/,
    );
    await expect(settings("planner.size=1")).rejects.toThrow(UsageError);
    const suite = { ...reacherSuite, oracle: ["planner.size=1"] };
    await expect(reacher({ suite })).rejects.toThrow(InputError);
    await expect(reacher({ suite })).rejects.toThrow(/in the oracle of suite reacher/);
    await expect(evaluateOracle({})).rejects.toThrow(/Nothing says which tasks/);
  });
});

describe("hypercrl evaluate --oracle", () => {
  const SET = Object.entries(SMALL).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const small = ["evaluate", "--oracle", "--suite", "reacher", "--tasks", "1", "--episodes", "1", ...SET];

  it("shows progress and figures, and writes them", async () => {
    const out = join(folder, "oracle.json");
    const { code, stdout, stderr } = await call([...small, "--threads", "1", "--out", out]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^Oracle on 1 task of reacher, 1 episode each, planner icem, seed 1\n/);
    expect(stdout).toMatch(/^task 1\/1 0\.50m {2}episode 1\/1 {2}return -\d+\.\d {2}success {2}0 s left$/m);
    const written = JSON.parse(readFileSync(out, "utf8"));
    expect(written.tasks).toHaveLength(1);
    expect(stdout).toContain(` ${written.tasks[0].oracle.return.mean.toFixed(1)} `);
    const json = await call([...small, "--threads", "1", "--json"]);
    expect(JSON.parse(json.stdout)).toEqual(written);
    expectOneError(await call([...small, "--out", out]), 2, /oracle\.json exists; expected a new path/);
  });

  it("is told apart from the evaluation of a run", async () => {
    mkdirSync(join(folder, "empty"));
    expectOneError(await call(["evaluate"]), 2, /no run to evaluate; expected a run folder, or --oracle/);
    expectOneError(await call(["evaluate", "--oracle"]), 2, /Nothing says which tasks/);
    expectOneError(
      await call(["evaluate", join(folder, "empty"), "--tasks", "1"]),
      2,
      /every task it has learned; got --tasks 1/,
    );
    const conflict = await call([...small, "--after-task", "1"]);
    expect(conflict.code).toBe(2);
    expect(conflict.stderr).toContain("--after-task");
  });
});

/** Two wheels that are to be turned to angle 0, without a physics engine; snapshots are JSON with their hash. */
const WHEEL = `
import { createHash } from "node:crypto";
const hash = (text) => createHash("sha256").update(text).digest("hex");
const scene = (mass) => {
  let [angle, velocity] = [0, 0];
  return {
    reset: (random) => { [angle, velocity] = [1 + random(), 0]; },
    advance: ([torque]) => { velocity += (0.1 * torque) / mass; angle += 0.1 * velocity; },
    observe: (out) => out.set([angle, velocity]),
    measure: () => ({ angleErrorRad: Math.abs(angle) }),
    bodies: [{ name: "wheel", fixed: false, shapes: [] }],
    bodyPose: () => ({ position: [angle, 0, 0], rotation: [0, 0, 0, 1] }),
    snapshot: () => {
      const text = JSON.stringify([angle, velocity]);
      return new TextEncoder().encode(hash(text) + text);
    },
    restore: (bytes) => {
      const text = new TextDecoder().decode(bytes);
      if (hash(text.slice(64)) !== text.slice(0, 64)) throw new InputError({ what: "no snapshot of a wheel" });
      [angle, velocity] = JSON.parse(text.slice(64));
    },
    close: () => {},
  };
};
import { InputError } from ${JSON.stringify(new URL("../../../dist/sim/core/errors.js", import.meta.url).href)};
const task = (name, mass) => ({
  name,
  spec: {
    observation: [{ name: "angle", unit: "rad" }, { name: "velocity", unit: "rad/s" }],
    action: [{ name: "torque", unit: "N·m", low: -1, high: 1 }],
    episodeSteps: 30,
    controlPeriod: 0.1,
  },
  createScene: () => scene(mass),
  reward: (ops, { nextObservation }) => ops.scale(ops.abs(ops.slice(nextObservation, 0, 1)), -1),
  succeeded: ({ angleErrorRad }) => angleErrorRad < 0.1,
});
export default {
  name: "wheels",
  description: "turn a wheel to angle 0",
  tasks: [task("light", 0.2), task("heavy", 0.4)],
  oracle: ["planner.noiseBeta=1", "planner.horizon=12", "planner.holdReward=true"],
};
`;

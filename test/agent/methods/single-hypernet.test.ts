import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import type { Learner, LearnerState } from "../../../agent/learner.js";
import { createLearner } from "../../../agent/methods/method.js";
import { findMethod } from "../../../agent/methods/registry.js";
import { keptBy } from "../../../agent/run/kept.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, linearSystem, pointData, tinySettings } from "../fixtures.js";

/** Enough generated weights for threads to share them. */
const DYNAMICS = { sizes: [4, 150, 130, 2], activation: "relu" } as const;
const P = 5 * 150 + 151 * 130 + 131 * 2;
const DATA = [0, 1, 2].map((j) => pointData(linearSystem(j), 100, 60 + j));

const made: Learner[] = [];
afterEach(async () => {
  for (const learner of made.splice(0)) await learner.release();
});

const LOW_RANK = ["hypernetwork.output=low-rank", "hypernetwork.rank=2"];

const CASES = [
  { name: "the graph", engine: "graph", threads: 1, set: [] },
  { name: "the graph and low-rank changes", engine: "graph", threads: 1, set: LOW_RANK },
  { name: "the fused kernel", engine: "fused", threads: 1, set: [] },
  { name: "the fused kernel and low-rank changes", engine: "fused", threads: 1, set: LOW_RANK },
  { name: "the fused kernel on two threads", engine: "fused", threads: 2, set: [] },
];

/** Digests of Θ, the embedding, the base and their moments, by name. */
const trained = ({ arrays }: LearnerState) =>
  new Map(
    Object.entries(arrays)
      .filter(([name]) => /^(hypernetwork|embedding|base)\./.test(`${name}.`))
      .map(([name, { data }]) => [name, createHash("sha256").update(bits(data)).digest("hex")]),
  );

describe.each(CASES)("with $name", ({ engine, threads, set }) => {
  function make(method: string): Learner {
    const sizes = ["hypernetwork.hidden=[50]", "training.batchSize=8"];
    const settings = tinySettings([`method=${method}`, `training.engine=${engine}`, ...sizes, ...set]);
    const compute = { threads, kernel: true };
    const learner = createLearner(findMethod(method), settings, DYNAMICS, Rng.fromSeed(12), compute);
    made.push(learner);
    return learner;
  }

  /** Begins a task and trains on the data of one, with so many iterations in each session. */
  async function learn(learner: Learner, task: number, sessions: readonly number[], data = task) {
    const { buffer, normalizer } = DATA[data]!;
    await learner.beginTask(task);
    const reports = [];
    for (const [i, iterations] of sessions.entries()) {
      reports.push(await learner.train(buffer, normalizer, iterations, Rng.fromSeed(10 * task + i)));
    }
    return {
      reports,
      weights: bits(await learner.weights(task)),
      trained: trained(await learner.state()),
    };
  }

  async function end(learner: Learner, task: number): Promise<LearnerState> {
    await learner.endTask(DATA[task]!.buffer, DATA[task]!.normalizer, Rng.fromSeed(40));
    return learner.state();
  }

  it.each([
    { moment: "before any minibatch", sessions: [] },
    { moment: "after two sessions", sessions: [3, 2] },
  ])("is hypercrl in its first task, bit by bit, $moment", async ({ sessions }) => {
    const own = await learn(make("single-hypernet"), 0, sessions);
    const shared = await learn(make("hypercrl"), 0, sessions);
    expect(own.reports).toEqual(shared.reports);
    expect(own.weights.equals(shared.weights)).toBe(true);
    expect(own.trained).toEqual(shared.trained);
    // Weight and bias of one hidden layer, the head's in eleven shards, or in one with a base, and the embedding.
    const parts = set.length === 0 ? 2 + 22 + 1 : 2 + 2 + 1 + 1;
    expect(own.trained.size).toBe(3 * parts);
  });

  it("takes nothing from one task to the next", async () => {
    const [a, b] = [make("single-hypernet"), make("single-hypernet")];
    await learn(a, 0, [5]);
    await end(a, 0);
    await learn(b, 0, [2, 1], 2);
    await end(b, 0);
    const [afterA, afterB] = [await learn(a, 1, [3, 2]), await learn(b, 1, [3, 2])];
    expect(afterA.reports).toEqual(afterB.reports);
    expect(afterA.weights.equals(afterB.weights)).toBe(true);
    expect(afterA.trained).toEqual(afterB.trained);
  });

  it("draws other initial weights for each task", async () => {
    const learner = make("single-hypernet");
    const first = await learn(learner, 0, []);
    const second = await learn(learner, 1, []);
    // Moments and the biases of hidden layers are 0 in both.
    for (const name of ["hypernetwork.hidden.0.weight", "hypernetwork.head.0.weight", "embedding"]) {
      expect(first.trained.get(name), name).toMatch(/^\w{64}$/);
      expect(first.trained.get(name), name).not.toBe(second.trained.get(name));
    }
    expect(first.weights.equals(second.weights)).toBe(false);
  });

  it("keeps each task's weights as they were when it ended, and then nothing else", async () => {
    const learner = make("single-hypernet");
    const learned: Buffer[] = [];
    for (const j of [0, 1, 2]) {
      learned.push((await learn(learner, j, [4])).weights);
      const state = await end(learner, j);
      expect(Object.keys(state.arrays)).toEqual(learned.map((_, i) => `weights.${i}`));
      const { shared, tasks } = keptBy(state);
      expect(shared.parameters).toBe(0);
      expect(tasks.map(({ parameters }) => parameters)).toEqual(learned.map(() => P));
    }
    for (const [j, weights] of learned.entries()) {
      expect(bits(await learner.weights(j)).equals(weights)).toBe(true);
    }
  });
});

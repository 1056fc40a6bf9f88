import { afterEach, describe, expect, it } from "vitest";
import type { Learner } from "../../../agent/learner.js";
import { UsageError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, learnerFor, linearSystem, pointData, tinySettings } from "../fixtures.js";

const DYNAMICS = { sizes: [4, 8, 2], activation: "tanh" } as const;
const dataOf = (count: number) => [0, 1].map((j) => pointData(linearSystem(j), count, 20 + j));
const DATA = dataOf(100);

const made: Learner[] = [];
afterEach(async () => {
  for (const learner of made.splice(0)) await learner.release();
});

async function learned(data = DATA): Promise<Learner> {
  const learner = learnerFor(tinySettings(["method=generative-replay"]), DYNAMICS, Rng.fromSeed(8));
  made.push(learner);
  for (const [j, { buffer, normalizer }] of data.entries()) {
    await learner.beginTask(j);
    await learner.train(buffer, normalizer, 20, Rng.fromSeed(j));
    await learner.endTask(buffer, normalizer, Rng.fromSeed(40 + j));
  }
  return learner;
}

describe("generative replay", () => {
  it.each([
    ["share=0", /Setting generative-replay\.share is not valid; got 0; expected/],
    ["share=0.99", /Setting generative-replay\.share is not valid; got 0\.99; expected/],
    ["klWeight=0", /Setting generative-replay\.klWeight is not valid; got 0; expected/],
    ["latent=0", /Setting generative-replay\.latent is not valid; got 0; expected/],
    ["hidden=1.5", /Setting generative-replay\.hidden is not valid; got 1\.5; expected/],
  ])("refuses %s", (assignment, message) => {
    const resolve = () => tinySettings(["method=generative-replay", `generative-replay.${assignment}`]);
    expect(resolve).toThrow(UsageError);
    expect(resolve).toThrow(message);
  });

  it("keeps as much whether a task had many transitions or few", async () => {
    const state = await (await learned()).state();
    const sizes = async (learner: Learner) =>
      Object.entries((await learner.state()).arrays).map(([name, { data }]) => [name, data.length]);
    expect(await sizes(await learned(dataOf(30)))).toEqual(await sizes(await learned()));
    const names = Object.keys(state.arrays);
    expect(names).toEqual(
      expect.arrayContaining(["labels.1.decoder", "former.layer.0.weight", "formerHeads.1.layer.1.weight"]),
    );
    expect(names.filter((name) => name.startsWith("stored"))).toEqual([]);
    // 4 inputs beside a latent of 8 and two labels in hidden layers of 128.
    const generator = Object.entries(state.arrays).filter(([name]) => /^(generator|labels)\./.test(name));
    const size = 4 * 128 + 128 + 128 * 16 + 16 + 8 * 128 + 128 + 128 * 4 + 4 + 2 * 2 * 128;
    expect(generator.reduce((n, [, { data }]) => n + data.length, 0)).toBe(size);
  });

  it("labels what it makes up by the network of the last task's end, and not by that of its first minibatches", async () => {
    const learner = await learned();
    const { arrays } = structuredClone(await learner.state());
    expect(bits(arrays["former.layer.0.weight"]!.data)).toEqual(bits(arrays["network.layer.0.weight"]!.data));
    const [{ buffer, normalizer }] = [DATA[0]!];
    await learner.beginTask(2);
    const { regularizer } = await learner.train(buffer, normalizer, 1, Rng.fromSeed(1));
    // The network still is the former one, so nothing is to be held; after more minibatches it has moved away.
    expect(regularizer).toBeLessThan(1e-9);
    const later = await learner.train(buffer, normalizer, 20, Rng.fromSeed(2));
    expect(later.regularizer).toBeGreaterThan(1e-6);
    expect((await learner.state()).arrays["former.layer.0.weight"]!.data).toEqual(
      arrays["former.layer.0.weight"]!.data,
    );
  });
});

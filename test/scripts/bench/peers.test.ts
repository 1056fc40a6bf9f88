import { afterAll, expect, it } from "vitest";
import { measureAgainst, outcome } from "../../../scripts/bench/peers/against.js";
import { rolloutDescription, trainingDescription } from "../../../scripts/bench/peers/descriptions.js";
import { benchPeers, missingPeers } from "../../../scripts/bench/peers/peers.js";
import { checkReturns, openRollout, randomRollout } from "../../../scripts/bench/peers/rollout.js";
import { TO_INSTALL, TorchProcess } from "../../../scripts/bench/peers/torch-process.js";
import { checkTraining } from "../../../scripts/bench/peers/training-check.js";
import { benchSize } from "../../../scripts/bench/sizes.js";
import { RunError, UsageError } from "../../../sim/core/errors.js";

const contest = { name: "peers.training.push", text: "train" };
const eager = { name: "eager", text: "eager" };

it("gives a ratio against a counterpart whose matrix products are at least half as fast as ours, and otherwise says why not", () => {
  const fair = outcome(contest, eager, { ownMs: 2, peerMs: 8, gemmShare: 0.5 });
  expect(fair.rows[0]).toMatchObject({ figure: "8.00 ms", against: "ours 2.00 ms", ratio: "0.250" });
  expect(fair.figures["peers.training.push.eager.ours"]).toEqual({ value: 0.25, unit: "ratio" });
  const crippled = outcome(contest, eager, { ownMs: 2, peerMs: 8, gemmShare: 0.49 });
  expect(crippled.rows[0]).toMatchObject({ figure: "8.00 ms", ratio: "–" });
  expect(crippled.rows[0]!.against).toMatch(/no ratio: its matrix product has 0\.49 of our rate/);
  expect(Object.keys(crippled.figures)).toEqual(["peers.training.push.eager.ms"]);
});

it("takes a counterpart's returns for ours only where they are", () => {
  const costs = Float32Array.of(-3, 1, 7);
  expect(checkReturns("PyTorch", [3, -1, -7], costs)).toBe(0);
  expect(() => checkReturns("PyTorch", [3, -1, -7.1], costs)).toThrow(RunError);
  expect(() => checkReturns("PyTorch", [3, -1], costs)).toThrow(/other returns than the planner's model/);
});

it("refuses a Python without PyTorch that was chosen", async () => {
  const missing = TorchProcess.start("/nowhere/python3");
  await expect(missing).rejects.toThrow(UsageError);
  await expect(missing).rejects.toThrow(
    /\/nowhere\/python3 cannot be measured against.*ENOENT.*Install PyTorch 2/,
  );
});

it("without PyTorch measures nothing and says how to get it", async () => {
  expect(await benchPeers(undefined)).toEqual({ figures: {}, rows: [] });
  expect(missingPeers(undefined, TO_INSTALL).join()).toMatch(
    /no python3 has it.*Install PyTorch 2.*--python/,
  );
});

const torch = await TorchProcess.start();
afterAll(() => torch?.close());

it.skipIf(torch === undefined)(
  "PyTorch computes the learner's steps and the planner's returns, and its times are taken",
  async () => {
    const compiled = torch!.compilerProblem === "";
    for (const batchedTasks of [true, false])
      expect(await checkTraining(torch!, { form: "eager", batchedTasks })).toBeLessThan(1e-3);
    const size = benchSize("push", ["planner.samples=50", "planner.horizon=3", "dynamics.hidden=[8,8]"]);
    const data = randomRollout(size);
    const model = await openRollout(size, data);
    const costs = Float32Array.from(await model.costs(data.state, data.actions, 50));
    await model.release();
    await torch!.job("eager", rolloutDescription(size, data, "eager"));
    expect(checkReturns("PyTorch", await torch!.result("eager"), costs)).toBeLessThan(1e-3);
    expect(missingPeers(torch, TO_INSTALL)).toHaveLength(compiled ? 0 : 1);
    const job = trainingDescription(size, 2, 1, { form: "eager", batchedTasks: true });
    const repetition = { warmUp: 0, rounds: 1 };
    const counterparts = [{ ...eager, job }];
    const { figures } = await measureAgainst(torch!, {
      ...contest,
      ...{ own: () => 1, counterparts, calls: 1, repetition },
    });
    expect(figures["peers.training.push.ms"]!.value).toBe(1);
    expect(figures["peers.training.push.eager.ms"]!.value).toBeGreaterThan(0);
  },
  120_000,
);

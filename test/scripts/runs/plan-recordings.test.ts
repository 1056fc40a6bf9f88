import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { evaluateRun } from "../../../scripts/evaluate/evaluate-run.js";
import { train } from "../../../scripts/runs/train.js";
import { UsageError } from "../../../sim/core/errors.js";
import { initPhysics } from "../../../sim/world.js";
import { temporaryFolder } from "../../files.js";
import { pointSuite, pointTask } from "../../tasks/point-task.js";

const folder = temporaryFolder();
beforeAll(initPhysics);
afterAll(() => rmSync(folder, { recursive: true }));

const CHANNELS = 500;
/** Recordings of its episodes can be read without plans, and with short ones. */
const suite = pointSuite(
  pointTask({
    spec: {
      episodeSteps: 100,
      observation: Array.from({ length: CHANNELS }, (_, i) => ({ name: `c${i}`, unit: "rad" })),
    },
    scene: (_, state) => ({ observe: (out) => out.fill(state[0]!) }),
  }),
);
const settings = {
  "loop.initialRandomSteps": 100,
  "loop.stepsPerTask": 10,
  "loop.trainEvery": 10,
  "loop.trainIterations": 1,
  "loop.evaluationEpisodes": 1,
  "planner.samples": 4,
  "planner.elites": 2,
  "planner.iterations": 1,
  "planner.horizon": 2,
  "dynamics.hidden": [8],
};
const common = { suite, method: "single", threads: 1 } as const;
const LONG = 1000;

it("a run or an evaluation whose recorded plans could not be read is refused before anything is written", async () => {
  const out = join(folder, "run");
  const long = { ...settings, "planner.horizon": LONG };
  const refused = train({ ...common, out, record: "plans", settings: long });
  await expect(refused).rejects.toBeInstanceOf(UsageError);
  const message =
    /^Recordings with plans would hold more .*\(task light, 100 steps, horizon 1000\); got up to \d,\d{3},\d{3} bytes in one message; expected at most 4,194,304\. .*planner\.horizon/;
  await expect(refused).rejects.toThrow(message);
  expect(existsSync(out)).toBe(false);

  await train({ ...common, out, record: "plans", settings });
  const recordings = join(folder, "recordings");
  const evaluation = evaluateRun(out, { suite, recordings, settings: { "planner.horizon": LONG } });
  await expect(evaluation).rejects.toThrow(message);
  expect(existsSync(recordings)).toBe(false);
});

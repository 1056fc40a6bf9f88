import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { evaluateRunUnannounced } from "../../../scripts/evaluate/evaluate-unannounced.js";
import { exportRun } from "../../../scripts/runs/export-run.js";
import { type TrainOptions, train } from "../../../scripts/runs/train.js";
import type { TaskSuite } from "../../../sim/task.js";
import { findSuite } from "../../../tasks/registry.js";
import { fileHashes, temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const [, , short, , , , , , , long] = findSuite("cartpole").tasks;
const suite: TaskSuite = { name: "poles", description: "two of the poles", tasks: [short!, long!] };
const settings = {
  "loop.initialRandomSteps": 200,
  "loop.stepsPerTask": 400,
  "loop.trainEvery": 100,
  "loop.trainIterations": 10,
  "loop.evaluationEpisodes": 1,
  "dynamics.hidden": [12, 12],
  "dynamics.members": 2,
  "planner.samples": 16,
  "planner.elites": 4,
  "planner.iterations": 1,
  "planner.horizon": 4,
};

describe.each([
  { "hypernetwork.output": "low-rank", "hypernetwork.rank": 3 },
  { "hypernetwork.output": "hypercomplex", "hypernetwork.algebra": 4 },
  { "hypernetwork.init": "base", "hypernetwork.encoding": "angles" },
  { "hypernetwork.init": "base", "dynamics.normalizer": "pooled" },
  { "hypernetwork.start": "composition", "hypernetwork.output": "low-rank" },
])("a run with %o", (changes) => {
  const name = Object.values(changes).join("-");
  const out = (how: string) => join(folder, `${name}-${how}`);
  const run: TrainOptions = { suite, seed: 1, threads: 1, settings: { ...settings, ...changes } };

  it("stopped in either task continues to the bytes of one that was not, and is evaluated and exported as it plans", async () => {
    const whole = out("whole");
    await train({ ...run, out: whole });
    for (const task of [0, 1]) {
      const stop = new AbortController();
      const onProgress: TrainOptions["onProgress"] = (event) => {
        if (event.type === "training" && event.taskIndex === task) stop.abort();
      };
      const stopped = await train({ ...run, out: out(`${task}`), signal: stop.signal, onProgress });
      expect(stopped.outcome).toBe("stopped");
      expect((await train({ resume: out(`${task}`), suite, threads: 1 })).outcome).toBe("done");
      expect(fileHashes(out(`${task}`))).toEqual(fileHashes(whole));
    }

    const { tasks } = await evaluateRunUnannounced(whole, { suite, threads: 1 });
    expect(tasks.map(({ task }) => task)).toEqual([short!.name, long!.name]);

    const exported = await exportRun(whole, { suite, onnx: join(folder, `${name}.onnx`) });
    expect(exported.tasks).toHaveLength(2);
    for (const { largestDifference } of exported.tasks)
      expect(largestDifference).toBeLessThanOrEqual(exported.tolerance);
  });
});

import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { curveCharts } from "../../../scripts/report/curves.js";
import { readSource } from "../../../scripts/report/runs.js";
import { temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { EPISODE_STEPS, type MadeRun, makeRun } from "./folders.js";

const root = temporaryFolder();
afterAll(() => rmSync(root, { recursive: true }));

let made = 0;
function runsOf(...runs: MadeRun[]) {
  const folders = runs.map((run) => makeRun(join(root, `run-${made++}`), run));
  return readSource(folders).runs;
}

describe("curves", () => {
  const runs = runsOf(
    { method: "hypercrl", seed: 1 },
    { method: "hypercrl", seed: 2, offset: 3 },
    { method: "finetune", seed: 1 },
  );

  it("go over the whole sequence, with mean, lowest and highest seed", () => {
    const charts = curveCharts(runs, "return");
    expect(charts).toHaveLength(1);
    const { curves, stepsPerTask, randomSteps, thinnedTo } = charts[0]!;
    expect([stepsPerTask, randomSteps, thinnedTo]).toEqual([600, 200, null]);
    expect(curves.map(({ label }) => label)).toEqual(["hypercrl", "finetune"]);
    const [hypercrl, finetune] = take(2, curves);
    expect(hypercrl.steps).toEqual(Array.from({ length: 12 }, (_, k) => (k + 1) * EPISODE_STEPS));
    expect(hypercrl.task).toEqual([...new Array(6).fill(0), ...new Array(6).fill(1)]);
    expect(hypercrl.phase.slice(0, 6)).toEqual(["random", "random", "train", "train", "train", "train"]);
    // Seeds 1 and 2 at random; 10 · 2 + 1 and 10 · 2 + 2 + 3 in the first planned episode.
    expect(hypercrl.mean.slice(0, 3)).toEqual([1.5, 1.5, 23]);
    expect([hypercrl.low[2], hypercrl.high[2], hypercrl.n[2]]).toEqual([21, 25, 2]);
    expect(new Set(finetune.n)).toEqual(new Set([1]));
  });

  it("of training sessions and planning stand where those happened", () => {
    const [loss] = take(1, curveCharts(runs, "trainingLoss"));
    expect(loss.curves[0]!.steps).toEqual([200, 400, 800, 1000]);
    expect(loss.curves[0]!.mean).toEqual([1, 0.0049751, 1, 0.0049751]);
    expect(curveCharts(runs, "trainingSeconds")[0]!.curves[0]!.mean).toEqual([3, 3, 3, 3]);
    const [planning] = take(1, curveCharts(runs, "planningMilliseconds"));
    expect(planning.curves[0]!.steps.slice(0, 5)).toEqual([300, 400, 500, 600, 900]);
    expect(new Set(planning.curves[0]!.mean)).toEqual(new Set([12]));
  });

  it("of lines with other lengths of task have charts of their own", () => {
    const other = runsOf(
      { method: "hypercrl", seed: 1 },
      { method: "hypercrl", seed: 1, loop: { stepsPerTask: 200 } },
    );
    const charts = curveCharts(other, "return");
    expect(charts.map(({ stepsPerTask }) => stepsPerTask)).toEqual([600, 400]);
    expect(charts.map(({ curves }) => curves.map(({ label }) => label))).toEqual([
      ["hypercrl (loop.stepsPerTask=400)"],
      ["hypercrl (loop.stepsPerTask=200)"],
    ]);
  });

  it("are thinned to what a screen shows, phase by phase, and say so", () => {
    const long = runsOf({
      method: "hypercrl",
      seed: 1,
      loop: { stepsPerTask: 98_000, initialRandomSteps: 2000 },
    });
    const [{ thinnedTo, curves }] = take(1, curveCharts(long, "return"));
    // 200 000 steps in 400 points: five episodes each.
    expect(thinnedTo).toBe(500);
    expect(curves[0]!.steps).toHaveLength(400);
    expect(curves[0]!.phase.filter((phase) => phase === "random")).toHaveLength(8);
    // Episodes 20 to 24 of the first task: steps 2100 to 2500, returns 10 k + 1.
    expect([curves[0]!.steps[4], curves[0]!.mean[4]]).toEqual([2300, 221]);
  });

  it("leave out an episode that the end of its task cut short, but no short one before", () => {
    const [run] = take(1, runsOf({ method: "hypercrl", seed: 1, loop: { stepsPerTask: 420 } }));
    const last = { ...run.metrics.episode[5]!, steps: 620 };
    const early = { ...run.metrics.episode[0]!, steps: 50 };
    const metrics = { ...run.metrics, episode: [early, ...run.metrics.episode.slice(0, 6), last] };
    const [{ curves }] = take(1, curveCharts([{ ...run, metrics }], "return"));
    expect(curves[0]!.steps).toEqual([75, 200, 300, 400, 500, 600]);
  });

  it("leave out what the log says was cut, even where it is no shorter than others", () => {
    const [run] = take(1, runsOf({ method: "hypercrl", seed: 1 }));
    const episode = run.metrics.episode.map((record, i) => ({
      ...record,
      ...(i === 5 && { cut: true as const }),
    }));
    const [{ curves }] = take(1, curveCharts([{ ...run, metrics: { ...run.metrics, episode } }], "return"));
    expect(curves[0]!.steps.slice(0, 6)).toEqual([100, 200, 300, 400, 500, 700]);
  });

  it("take the later of two notes of the same session, and no value that is not finite", () => {
    const [run] = take(1, runsOf({ method: "hypercrl", seed: 1 }));
    const [first, second] = take(2, run.timings.training);
    const again = { ...run.timings, training: [first, second, { ...second, ms: 9000 }] };
    expect(curveCharts([{ ...run, timings: again }], "trainingSeconds")[0]!.curves[0]!.mean).toEqual([3, 9]);
    const [loss] = take(1, run.metrics.training);
    const diverged = { ...run.metrics, training: [loss, { ...loss, steps: 400, taskLoss: Number.NaN }] };
    expect(curveCharts([{ ...run, metrics: diverged }], "trainingLoss")[0]!.curves[0]!.steps).toEqual([200]);
  });

  it("are left out where no run has the quantity", () => {
    const [run] = take(1, runsOf({ method: "hypercrl", seed: 1 }));
    expect(
      curveCharts([{ ...run, timings: { ...run.timings, planning: [] } }], "planningMilliseconds"),
    ).toEqual([]);
  });
});

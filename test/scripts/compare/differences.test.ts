import { describe, expect, it } from "vitest";
import { estimate } from "../../../scripts/compare/bootstrap.js";
import { chooseFrom, differenceDefinition, differencesFrom } from "../../../scripts/compare/differences.js";
import type { RunResult } from "../../../scripts/compare/run-result.js";
import { UsageError } from "../../../sim/core/errors.js";
import { madeCurve, madeOracle } from "./made-reference.js";

/** A run that ends at `final` on both tasks and had `learned` on the first; success is that of its tasks. */
function run(label: string, seed: number, learned: number, final: number, success = 1): RunResult {
  return {
    ...{ label, method: label, seed, tasks: ["a", "b"], random: [0, 0], untouched: 0, episodes: 4 },
    means: [[learned], [final, final]],
    ...{ success: [success, success], counts: {}, learningSuccess: [0.5, 0.5] },
    ...{ learning: [madeCurve(0, [1]), madeCurve(0, [1])], usage: undefined },
    visitCurves: [madeCurve(0, [1]), madeCurve(0, [1])],
  };
}

describe("differences seed by seed", () => {
  const singles = [1, 2, 3].map((seed) => run("single", seed, 100, 100));
  const base = [run("hypercrl", 1, 100, 90), run("hypercrl", 2, 100, 110), run("hypercrl", 3, 100, 70)];
  const other = [run("ewc", 1, 100, 80, 0.5), run("ewc", 2, 100, 115), run("ewc", 3, 100, 40)];

  it("are those of runs with the same seed, with their range where seeds are few", () => {
    const { from, methods } = differencesFrom(
      [...base, ...other, ...singles],
      ["hypercrl", "ewc"],
      "hypercrl",
    )!;
    expect(from).toBe("hypercrl");
    expect(methods.map(({ method }) => method)).toEqual(["ewc"]);
    const { average, forgetting, success } = methods[0]!;
    expect(average.mean).toBeCloseTo((-0.1 + 0.05 - 0.3) / 3, 12);
    expect(average).toMatchObject({ n: 3, better: 1 });
    expect(average.lowest).toBeCloseTo(-0.3, 12);
    expect(average.highest).toBeCloseTo(0.05, 12);
    expect([average.low, average.high, average.p]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    // Forgetting 0.2, -0.15, 0.6 less 0.1, -0.1, 0.3: lower is better.
    expect(forgetting.mean).toBeCloseTo((0.1 - 0.05 + 0.3) / 3, 12);
    expect(forgetting.better).toBe(1);
    expect(success).toMatchObject({ mean: -0.5 / 3, better: 0 });
  });

  it("are narrower than those of means where seeds differ more than methods", () => {
    const spread = [0, 50, 100, 150, 200].map((level, i) => run("a", i, 100, level));
    const ahead = [5, 56, 104, 157, 203].map((level, i) => run("b", i, 100, level));
    const { average } = differencesFrom([...spread, ...ahead], ["a", "b"], "a")!.methods[0]!;
    expect(average.better).toBe(5);
    expect(average.low).toBeGreaterThan(0);
    const meanOf = (runs: typeof spread) => estimate(runs.map((r) => r.means[1]![0]!));
    expect(meanOf(ahead).low).toBeLessThan(meanOf(spread).high);
  });

  it("have a paired t-interval from five seeds on", () => {
    const seeds = [0, 1, 2, 3, 4];
    const a = seeds.map((seed) => run("a", seed, 100, 10 * seed));
    const b = seeds.map((seed) => run("b", seed, 100, 11 * seed));
    const { average } = differencesFrom([...a, ...b], ["a", "b"], "a")!.methods[0]!;
    // Differences 0 to 4: standard error 0.7071, t(4) = 2.7764.
    expect(average.mean).toBe(2);
    expect(average.low).toBeCloseTo(2 - 2.7764 * Math.SQRT1_2, 3);
    expect(average.high).toBeCloseTo(2 + 2.7764 * Math.SQRT1_2, 3);
    expect(average.p).toBeCloseTo(0.04742, 5);
  });

  it("have p-values that are corrected for the number of methods, figure by figure", () => {
    const seeds = [0, 1, 2, 3, 4];
    const line = (label: string, slope: number) => seeds.map((seed) => run(label, seed, 100, slope * seed));
    const runs = [...line("a", 10), ...line("b", 11), ...line("c", 10), ...line("d", 9), run("e", 1, 100, 0)];
    const { methods } = differencesFrom(runs, ["a", "b", "c", "d", "e"], "a")!;
    const p = methods.map(({ average }) => average.p);
    // The method of one seed is not tested and does not count.
    expect(p[0]).toBeCloseTo(3 * 0.04742, 5);
    expect(p[2]).toBe(p[0]);
    expect([p[1], p[3]]).toEqual([1, Number.NaN]);
  });

  it("leave out seeds that only one of the two has, and methods without any in common", () => {
    const runs = [...base, run("ewc", 2, 100, 100), run("ewc", 9, 100, 0), run("si", 9, 100, 0)];
    const { methods } = differencesFrom(runs, ["hypercrl", "ewc", "si"], "hypercrl")!;
    expect(methods.map(({ method, average }) => [method, average.n, average.mean])).toEqual([
      ["ewc", 1, -10],
    ]);
    expect(differencesFrom(base, ["hypercrl", "ewc"], "hypercrl")).toBeNull();
  });

  it("have no value where a figure is not defined", () => {
    // Without a run of single there is no forward transfer.
    const { forwardTransfer } = differencesFrom([...base, ...other], ["hypercrl", "ewc"], "hypercrl")!
      .methods[0]!;
    expect(forwardTransfer).toMatchObject({ n: 0, better: 0, mean: Number.NaN });
  });

  it("have the average of the oracle where there is one", () => {
    const oracle = madeOracle([0, 0], [100, 200]);
    const runs = [...base, ...other];
    const { oracleAverage } = differencesFrom(runs, ["hypercrl", "ewc"], "hypercrl", oracle)!.methods[0]!;
    // A return r on both tasks is (r / 100 + r / 200) / 2 of the oracle; the returns differ by -10, 5 and -30.
    expect(oracleAverage.mean).toBeCloseTo((0.75 * (-0.1 + 0.05 - 0.3)) / 3, 12);
    expect(oracleAverage).toMatchObject({ n: 3, better: 1 });
    const without = differencesFrom(runs, ["hypercrl", "ewc"], "hypercrl")!.methods[0]!;
    expect(without.oracleAverage).toMatchObject({ n: 0, mean: Number.NaN });
  });

  it("are from the first label, or from one that there is", () => {
    expect(chooseFrom(["a", "b"], undefined)).toBe("a");
    expect(chooseFrom(["a", "b"], "b")).toBe("b");
    expect(() => chooseFrom(["finetune", "ewc"], "ewk")).toThrow(UsageError);
    expect(() => chooseFrom(["finetune", "ewc"], "ewk")).toThrow(/Did you mean "ewc"/);
    expect(differenceDefinition({ from: "si", methods: [] })).toMatch(/^difference: .* that of si /);
  });
});

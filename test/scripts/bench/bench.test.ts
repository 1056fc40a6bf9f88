import { rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { CommanderError } from "commander";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { type Job, medians, timed } from "../../../scripts/bench/measure.js";
import { createBenchProgram } from "../../../scripts/bench/program.js";
import { describeLimit, limitOf } from "../../../scripts/bench/roofline.js";
import { parseSections, SECTIONS } from "../../../scripts/bench/sections.js";
import { benchSize } from "../../../scripts/bench/sizes.js";
import { Stopwatch } from "../../../scripts/bench/stopwatch.js";
import { thetaCount, trainingDemand } from "../../../scripts/bench/training-job.js";
import { InputError, UsageError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

/** A clock that stands still unless moved. */
function fakeClock(): { advance(ms: number): void } {
  let now = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  return {
    advance: (ms) => {
      now += ms;
    },
  };
}

/** Parses a command line without running it to its end; what was printed is in `lines`. */
async function parse(...args: string[]): Promise<{ error: unknown; lines: string[] }> {
  const lines: string[] = [];
  const print = (text: string) => lines.push(text);
  const error = await createBenchProgram({ out: print, err: print })
    .parseAsync(args, { from: "user" })
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  return { error, lines };
}

describe("the command line", () => {
  it("takes sections in any order and runs them in the fixed one", () => {
    expect(parseSections("training, planning,training")).toEqual(["planning", "training"]);
    expect(parseSections([...SECTIONS].reverse().join(","))).toEqual(SECTIONS);
  });

  it("refuses unknown sections before it measures", async () => {
    expect(() => parseSections("planing")).toThrow(UsageError);
    expect(() => parseSections("planning,")).toThrow(UsageError);
    const { error, lines } = await parse("--only", "planning,trainin");
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(/Unknown benchmark section; got "trainin".*Did you mean "training"/);
    expect(lines).toEqual([]);
  });

  it("refuses a file to compare with before it measures", async () => {
    const path = join(folder, "other.json");
    writeFileSync(path, "{}");
    const { error, lines } = await parse("--compare", path, "--only", "noise");
    expect(error).toBeInstanceOf(InputError);
    expect(lines).toEqual([]);
  });

  it("refuses to write figures over a folder before it measures", async () => {
    const { error, lines } = await parse("--json", folder, "--only", "noise");
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(/Cannot write .*; got a folder/);
    expect(lines).toEqual([]);
  });

  it.each([
    [["--fast"], /unknown option '--fast'/],
    [["planning"], /too many arguments|unknown command/],
    [["--compare"], /argument missing/],
    [["learning", "--seeds", "one"], /Expected seeds from 0/],
    [["learning", "--jobs", "0"], /Expected a whole number from 1/],
  ])("refuses %j", async (args, message) => {
    const { error, lines } = await parse(...args);
    expect(error).toBeInstanceOf(CommanderError);
    expect((error as CommanderError).exitCode).not.toBe(0);
    expect(lines.join("\n")).toMatch(message);
  });
});

describe("measuring", () => {
  it("runs jobs in turn, drops the warm-up and takes each job's own median", async () => {
    const order: string[] = [];
    const job = (name: string, times: number[]): Job => {
      return () => {
        order.push(name);
        return times.shift()!;
      };
    };
    const jobs = [job("a", [99, 98, 5, 1, 3]), job("b", [77, 76, 20, 40, 30])];
    expect(await medians(jobs, { warmUp: 2, rounds: 3 })).toEqual([3, 30]);
    expect(order.join("")).toBe("ababababab");
  });

  it("times work until its promise settles", async () => {
    const clock = fakeClock();
    const job = timed(async () => {
      clock.advance(4);
      await Promise.resolve();
      clock.advance(3);
    });
    expect(await job()).toBe(7);
  });

  it("adds up the time in methods of every instance, until told to stop", async () => {
    const clock = fakeClock();
    class Robot {
      readonly #speed = 2;
      step(ms: number): number {
        clock.advance(ms * this.#speed);
        return ms;
      }
      async think(ms: number): Promise<string> {
        await Promise.resolve();
        clock.advance(ms);
        return "done";
      }
      rest(): void {
        clock.advance(100);
      }
    }
    const watch = new Stopwatch().watch(Robot.prototype, ["step", "think"]);
    expect(new Robot().step(5)).toBe(5);
    expect(await new Robot().think(3)).toBe("done");
    new Robot().rest();
    expect(watch.take()).toBe(13);
    expect(watch.take()).toBe(0);
    watch.stop();
    new Robot().step(5);
    expect(watch.take()).toBe(0);
  });

  it("says which of the machine's rates limits some work", () => {
    const rates = { flopPerMs: 200e6, bytesPerMs: 40e6 };
    expect(limitOf({ flop: 4e9, bytes: 40e6 }, rates)).toEqual({ ms: 20, by: "Gemm" });
    expect(limitOf({ flop: 100e6, bytes: 92e6 }, rates)).toEqual({ ms: 2.3, by: "memory" });
    expect(describeLimit({ flop: 4e9, bytes: 40e6 }, rates)).toBe("20.00 ms: 4000 MFLOP at 200 GFLOP/s");
    expect(describeLimit({ flop: 100e6, bytes: 92e6 }, rates)).toBe("2.30 ms: 92 MB at 40 GB/s");
  });
});

describe("the sizes", () => {
  it("are the published ones", () => {
    const [push, door] = [benchSize("push"), benchSize("door")];
    expect(push.dynamics.sizes).toEqual([12, 200, 200, 10]);
    expect(door.dynamics.sizes).toEqual([33, 200, 200, 200, 200, 26]);
    expect(push.settings.planner).toMatchObject({ samples: 500, horizon: 20, iterations: 5, elites: 40 });
    expect(door.settings.planner).toMatchObject({ samples: 2000, horizon: 10, iterations: 5, elites: 40 });
    // Layer by layer: 10 → 50 → 50 → 44,810 and 10 → 256 → 256 → 132,626, with biases.
    expect(thetaCount(push)).toBe(550 + 2550 + 51 * 44_810);
    expect(thetaCount(door)).toBe(2816 + 65_792 + 257 * 132_626);
  });

  it("demand ten passes over Θ, and arithmetic that grows with the tasks regularised", () => {
    const push = benchSize("push");
    const theta = thetaCount(push);
    const perTask = trainingDemand(push, 3).flop - trainingDemand(push, 2).flop;
    expect(perTask).toBe(6 * theta);
    expect(trainingDemand(push, 0)).toEqual({ flop: 6 * theta + 600 * 44_810, bytes: 40 * theta });
  });
});

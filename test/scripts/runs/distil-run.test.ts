import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluateRun } from "../../../scripts/evaluate/evaluate-run.js";
import { distilRun } from "../../../scripts/runs/distil-run.js";
import { UsageError } from "../../../sim/core/errors.js";
import { decodeSafetensors, encodeSafetensors } from "../../../sim/core/safetensors.js";
import { readEpisode } from "../../../sim/recording/reader.js";
import { verifyEpisode } from "../../../sim/recording/verify.js";
import { physicsVersion } from "../../../sim/world.js";
import { reacherSuite } from "../../../tasks/reacher/reacher.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { call, expectOneError, TINY } from "../call.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const run = join(folder, "run");
const file = join(folder, "policies.safetensors");
const SHORT = { threads: 1, episodes: 1, rounds: 2, minibatches: 100 };

/** A run that takes seconds. */
const make = async (out: string, seed: number) => {
  const made = await call(["train", "--quiet", ...TINY, "--seed", String(seed), "--out", out]);
  expect(made.code, made.stderr).toBe(0);
};

beforeAll(async () => {
  await make(run, 1);
  await distilRun(run, { ...SHORT, out: file });
});

describe("the policies of a run", () => {
  it("are made with the same bytes by any number of threads, and with others by another seed; the run is left alone", async () => {
    const before = fileHashes(run);
    const other = join(folder, "other.safetensors");
    const { complete, bytes, tasks } = await distilRun(run, { ...SHORT, threads: 2, out: other });
    expect(complete).toBe(true);
    expect(readFileSync(other).equals(readFileSync(file))).toBe(true);
    expect(readFileSync(other)).toHaveLength(bytes);
    expect(tasks.map(({ task, rounds }) => [task, rounds.map(({ acting }) => acting)])).toEqual([
      ["0.50m", ["planner", "policy"]],
      ["0.70m", ["planner", "policy"]],
    ]);
    const seeded = join(folder, "seeded.safetensors");
    await distilRun(run, { ...SHORT, seed: 8, out: seeded });
    expect(readFileSync(seeded).equals(readFileSync(file))).toBe(false);
    expect(fileHashes(run)).toEqual(before);
  });

  it("act where the planner would, from the same starts, in recordings that can be simulated again", async () => {
    const recordings = join(folder, "recordings");
    const evaluation = await evaluateRun(run, { threads: 1, episodes: 2, policy: file, recordings });
    expect(evaluation).toMatchObject({ policy: file, complete: true, afterTask: 2 });
    expect(evaluation.tasks.map(({ modelError }) => modelError)).toEqual([undefined, undefined]);
    const planned = await evaluateRun(run, { threads: 1, episodes: 2 });
    expect(planned).not.toHaveProperty("policy");
    const returns = ({ tasks }: typeof planned) => tasks.flatMap((t) => t.episodes.map((e) => e.return));
    expect(returns(evaluation)).toHaveLength(4);
    for (const [i, value] of returns(evaluation).entries()) expect(value).not.toBe(returns(planned)[i]);
    expect(returns(await evaluateRun(run, { threads: 1, episodes: 2, policy: file }))).toEqual(
      returns(evaluation),
    );
    const names = readdirSync(recordings).sort();
    expect(names).toHaveLength(4);
    for (const [i, name] of names.entries()) {
      const episode = await readEpisode(join(recordings, name));
      const task = reacherSuite.tasks[i < 2 ? 0 : 1]!;
      expect(verifyEpisode(episode, task, physicsVersion())).toMatchObject({ ok: true });
    }
  });

  it("are told of by the command line", async () => {
    const out = join(folder, "told.safetensors");
    const args = ["distil", run, "--episodes", "1", "--rounds", "2", "--minibatches", "100", "--out", out];
    const text = await call(args);
    expect(text.code, text.stderr).toBe(0);
    expect(text.stdout).toMatch(
      /policies of 2 tasks.*planner,.*policy,.*round 1.*round 2.*0\.50m.*evaluate/s,
    );
    const evaluated = await call(["evaluate", run, "--policy", out, "--episodes", "1"]);
    expect(evaluated.stdout).toMatch(/with the policies\s+of/);
    const json = await call(["evaluate", run, "--policy", out, "--episodes", "1", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      policy: out,
      tasks: [{ task: "0.50m" }, { task: "0.70m" }],
    });
  });

  it("are not written where the user stops", async () => {
    const stop = new AbortController();
    const out = join(folder, "stopped.safetensors");
    const onRound = () => stop.abort();
    const stopped = await distilRun(run, { ...SHORT, out, signal: stop.signal, onRound });
    expect(stopped).toMatchObject({
      complete: false,
      bytes: 0,
      tasks: [{ rounds: [{ acting: "planner" }] }],
    });
    expect(existsSync(out)).toBe(false);
  });
});

describe("are refused", () => {
  const evaluate = (policy: string) => evaluateRun(run, { threads: 1, episodes: 1, policy });
  const damaged = (name: string, change: (all: ReturnType<typeof decodeSafetensors>) => Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, change(decodeSafetensors(readFileSync(file), file)));
    return path;
  };

  it("where they are missing, cut short, no policies, incomplete or not finite", async () => {
    const missing = join(folder, "none.safetensors");
    await expect(evaluate(missing)).rejects.toThrow(/none\.safetensors is missing; expected policies as/);
    const cut = join(folder, "cut.safetensors");
    writeFileSync(cut, readFileSync(file).subarray(0, -5));
    await expect(evaluate(cut)).rejects.toThrow(/cut\.safetensors.*expected policies as `hypercrl distil`/s);
    const bare = damaged("bare", ({ tensors }) => encodeSafetensors(tensors, { format: "else" }));
    await expect(evaluate(bare)).rejects.toThrow(/format.*expected policies as/s);
    const short = damaged("short", ({ tensors: { "1.weights": _, ...tensors }, metadata }) =>
      encodeSafetensors(tensors, metadata),
    );
    await expect(evaluate(short)).rejects.toThrow(/got no \d+ finite numbers in 1\.weights/);
    const infinite = damaged("infinite", ({ tensors, metadata }) => {
      const { data } = tensors["0.targetMean"]!;
      data[0] = Number.NaN;
      return encodeSafetensors(tensors, metadata);
    });
    await expect(evaluate(infinite)).rejects.toThrow(/got no 2 finite numbers in 0\.targetMean/);
  });

  it("where they imitate another run, or another state, before a folder for recordings is made", async () => {
    const other = join(folder, "other-run");
    await make(other, 2);
    const recordings = join(folder, "unmade");
    const wrong = evaluateRun(other, { threads: 1, policy: file, recordings });
    await expect(wrong).rejects.toThrow(/of another planner; got a run with other settings/);
    expect(existsSync(recordings)).toBe(false);
    await expect(evaluateRun(run, { threads: 1, policy: file, afterTask: 1 })).rejects.toThrow(
      /got the state after task 2; expected those of the state after task 1/,
    );
  });

  it("where the file cannot be written, before an episode is played", async () => {
    const rounds: string[] = [];
    const onRound = (task: string) => void rounds.push(task);
    const out = join(file, "inside");
    await expect(distilRun(run, { ...SHORT, out, onRound })).rejects.toThrow(
      /Cannot write .*inside; got a file in the place/,
    );
    expect(rounds).toEqual([]);
  });

  it("where the file is there already, or a planner is asked for too", async () => {
    await expect(distilRun(run, { ...SHORT, out: file })).rejects.toThrow(UsageError);
    for (const more of [
      ["--set", "planner.samples=8"],
      ["--tasks", "unannounced"],
      ["--planner", "cem"],
      ["--oracle"],
    ])
      expectOneError(
        await call(["evaluate", run, "--policy", file, ...more]),
        2,
        /one of the two|cannot be used with/,
      );
    expectOneError(
      await call(["distil", run, "--rounds", "1", "--out", join(folder, "x")]),
      2,
      /got 1; expected a whole number of at least 2/,
    );
  });
});

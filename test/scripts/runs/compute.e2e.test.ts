import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readJsonl } from "../../../sim/core/jsonl.js";
import { HAS_RELAXED } from "../../agent/engines.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { take } from "../../take.js";
import { call, expectOneError, TINY_SWEEP, unwrapped } from "../call.js";
import { metricsLines, run, runsFirst, start } from "../cli.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** Enough action sequences that several threads get some. */
const WIDE = [...TINY_SWEEP, "--set", "planner.samples=200"];

/** Code that every thread of the program runs first. */
const preload = (code: string) => ({ NODE_OPTIONS: runsFirst(code) });

async function train(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const out = join(folder, name);
  const finished = await run(["train", "--quiet", "--out", out, ...args], undefined, env);
  return { out, ...finished };
}

const metrics = (out: string) => readJsonl(join(out, "metrics.jsonl")).records;

describe("threads", () => {
  it("change no byte of a run, nor of an evaluation", async () => {
    const runs = [];
    const several = ["--set", "loop.evaluationEpisodes=3"];
    for (const threads of ["1", "3"])
      runs.push(await train(`threads-${threads}`, [...WIDE, ...several, "--threads", threads]));
    for (const { code, stderr } of runs) expect(code, stderr).toBe(0);
    const hashes = runs.map(({ out }) => fileHashes(out));
    const [one, three] = take(2, hashes);
    expect(three).toEqual(one);
    expect(Object.keys(one).length).toBeGreaterThan(10);
    const evaluations = [];
    for (const threads of ["1", "2"])
      evaluations.push(await run(["evaluate", runs[0]!.out, "--json", "--threads", threads]));
    expect(evaluations[0]!.code, evaluations[0]!.stderr).toBe(0);
    expect(evaluations[1]!.stdout).toBe(evaluations[0]!.stdout);
  }, 300_000);

  it.each(["0", "two", "-1"])("%s is no number of threads", async (threads) => {
    const { code, stderr } = await call(["train", "--threads", threads]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--threads/);
  });
});

describe("--async", () => {
  // Sessions long enough to change what the planner prefers.
  const LEARNING = [...WIDE, "--set", "loop.trainIterations=100", "--set", "planner.iterations=3"];
  const SESSIONS = [...LEARNING, "--async"];
  let whole: Awaited<ReturnType<typeof train>>;

  beforeAll(async () => {
    whole = await train("async", SESSIONS);
    expect(whole.code, whole.stderr).toBe(0);
  }, 300_000);

  it("repeats byte by byte, and is another run than one that waits for its training", async () => {
    const again = await train("async-again", [...SESSIONS, "--threads", "1"]);
    expect(fileHashes(again.out)).toEqual(fileHashes(whole.out));
    const waiting = await train("waiting", LEARNING);
    const sessions = (out: string) => metrics(out).filter((r) => (r as { type: string }).type === "training");
    expect(sessions(whole.out)).toHaveLength(sessions(waiting.out).length);
    expect(metrics(whole.out)).not.toEqual(metrics(waiting.out));
  }, 300_000);

  it("continues a killed and a stopped run to the same bytes", async () => {
    const out = join(folder, "async-killed");
    for (const [lines, signal] of [
      [4, "SIGKILL"],
      [7, "SIGINT"],
    ] as const) {
      const child = start(lines === 4 ? ["train", "--out", out, ...SESSIONS] : ["train", "--resume", out]);
      while (child.running() && metricsLines(out) < lines) await new Promise((r) => setTimeout(r, 2));
      child.kill(signal);
      const { code } = await child.finished;
      if (signal === "SIGINT") expect(code).toBe(130);
    }
    const { code, stderr } = await run(["train", "--quiet", "--resume", out]);
    expect(code, stderr).toBe(0);
    expect(fileHashes(out)).toEqual(fileHashes(whole.out));
  }, 300_000);
});

describe("a machine that lacks something", () => {
  it.each([
    ["no SharedArrayBuffer", "delete globalThis.SharedArrayBuffer", /SharedArrayBuffer is missing/],
    ["no SIMD", "WebAssembly.validate = () => false", /no SIMD/],
  ])(
    "%s: one warning line, and the graph trains",
    async (name, code, message) => {
      const { out, stderr, ...rest } = await train(name.replaceAll(" ", "-"), TINY_SWEEP, preload(code));
      expect(rest.code, stderr).toBe(0);
      const warning = unwrapped(stderr).trim();
      expect(warning.split("\n")).toHaveLength(1);
      expect(warning).toMatch(message);
      expect(warning).toMatch(/^warning: .*ONNX graph instead of the fused kernel/);
      const asked = await train(
        `${name}-asked`.replaceAll(" ", "-"),
        [...TINY_SWEEP, "--set", "training.engine=graph"],
        preload(code),
      );
      expect(asked.stderr).toBe("");
      expect(metrics(out)).toEqual(metrics(asked.out));
    },
    300_000,
  );
});

describe.runIf(HAS_RELAXED)("training.engine=relaxed", () => {
  const RELAXED = [...TINY_SWEEP, "--set", "training.engine=relaxed"];
  /** A machine without the instruction `f32x4.relaxed_madd`, by its bytes. */
  const without = preload(`
    const { validate } = WebAssembly;
    const relaxed = Buffer.from([0xfd, 0x85, 0x02]);
    WebAssembly.validate = (bytes) => !Buffer.from(bytes).includes(relaxed) && validate(bytes);`);
  let whole: Awaited<ReturnType<typeof train>>;

  beforeAll(async () => {
    whole = await train("relaxed", RELAXED);
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stderr).toBe("");
  }, 300_000);

  it("continues a killed run to the same bytes, which are not those of the plain kernel", async () => {
    const out = join(folder, "relaxed-killed");
    const child = start(["train", "--out", out, ...RELAXED]);
    while (child.running() && metricsLines(out) < 4) await new Promise((r) => setTimeout(r, 2));
    child.kill("SIGKILL");
    await child.finished;
    const refused = await run(["train", "--quiet", "--resume", out], undefined, without);
    expectOneError(
      refused,
      3,
      /kernel cannot run here; got WebAssembly has no relaxed SIMD; expected .*relaxed/,
    );
    const { code, stderr } = await run(["train", "--quiet", "--resume", out]);
    expect(code, stderr).toBe(0);
    expect(fileHashes(out)).toEqual(fileHashes(whole.out));
    const plain = await train("plain", TINY_SWEEP);
    expect(metrics(plain.out)).not.toEqual(metrics(whole.out));
  }, 300_000);

  it("is replayed where the instructions are missing, since nothing is trained", async () => {
    const { code, stderr } = await run(["replay", whole.out], undefined, without);
    expect(code, stderr).toBe(0);
  }, 300_000);
});

describe("a worker that dies", () => {
  /**
   * Ends the workers of a run once it has learned from an episode: they look for its metrics while they have nothing to
   * do. They keep the priority of the process, since on a busy machine one of low priority may not get to look.
   */
  const bomb = (out: string) => `
    import { existsSync, readFileSync } from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    import os from "node:os";
    import { isMainThread } from "node:worker_threads";
    const metrics = ${JSON.stringify(join(out, "metrics.jsonl"))};
    const learned = () => existsSync(metrics) && readFileSync(metrics, "utf8").includes('"phase":"train"');
    if (!isMainThread) {
      os.setPriority = () => {};
      syncBuiltinESMExports();
      setInterval(() => {
        if (learned()) throw new Error("injected failure");
      }, 10).unref();
    }`;

  it.each([
    ["planning", ["--threads", "2"]],
    ["training", ["--threads", "1", "--async"]],
  ] as const)(
    "ends the run with one error; it continues to the same bytes (%s)",
    async (kind, args) => {
      const long = ["tasks=1", "loop.stepsPerTask=200", "loop.trainEvery=20", "loop.trainIterations=50"];
      const settings = [...WIDE, ...long.flatMap((s) => ["--set", s]), ...args];
      const name = `bomb-${kind}`;
      const { out, ...finished } = await train(name, settings, preload(bomb(join(folder, name))));
      expectOneError(finished, 1, /thread died; got injected failure; expected .*\. Resume the run with/);
      expect(finished.stderr).toContain("Everything saved so far is intact");
      const resumed = await run(["train", "--quiet", "--resume", out]);
      expect(resumed.code, resumed.stderr).toBe(0);
      const whole = await train(`no-bomb-${kind}`, settings);
      expect(fileHashes(out)).toEqual(fileHashes(whole.out));
    },
    300_000,
  );
});

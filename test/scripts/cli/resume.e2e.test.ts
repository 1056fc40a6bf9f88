import { existsSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Rng } from "../../../sim/core/rng.js";
import { fileHashes, temporaryFolder } from "../../files.js";
import { call, TINY, TINY_PUSH, unwrapped } from "../call.js";
import { metricsLines, run, start } from "../cli.js";

const folder = temporaryFolder();
const whole = join(folder, "whole");

beforeAll(async () => {
  const { code, stderr } = await call(["train", "--quiet", "--out", whole, ...TINY]);
  expect(code, stderr).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Starts or continues the run and sends a signal some time after its metrics have `lines` lines. */
async function interrupt(out: string, lines: number, delay: number, signal: NodeJS.Signals) {
  const begun = existsSync(join(out, "settings.json"));
  if (!begun) rmSync(out, { recursive: true, force: true });
  const child = start(
    begun ? ["train", "--resume", out, "--threads", "1"] : ["train", "--out", out, ...TINY],
  );
  while (child.running() && metricsLines(out) < lines) await sleep(2);
  await sleep(delay);
  child.kill(signal);
  return child.finished;
}

/** Every file but the times. */
function expectSameRun(out: string): void {
  expect(fileHashes(out)).toEqual(fileHashes(whole));
}

it("a run killed again and again ends with the bytes of an undisturbed one", async () => {
  const out = join(folder, "killed");
  const rng = Rng.fromSeed(20260101);
  const total = metricsLines(whole);
  let kills = 0;
  // From before the first checkpoint to the last evaluation, with delays that fall anywhere within an episode.
  for (const share of [0, 0.1, 0.3, 0.5, 0.7, 0.9]) {
    const { signal } = await interrupt(out, Math.floor(share * total), rng.integer(40), "SIGKILL");
    if (signal === "SIGKILL") kills++;
  }
  expect(kills).toBeGreaterThanOrEqual(4);
  const { code, stderr } = await run(["train", "--quiet", "--resume", out, "--threads", "1"]);
  expect(code, stderr).toBe(0);
  expectSameRun(out);
}, 300_000);

// What each kind of method keeps between tasks and minibatches: path integrals, a Fisher matrix, old columns, data, weights.
it.each([
  ["si", TINY],
  ["si", [...TINY, "--set", "dynamics.members=2"]],
  ["ewc", TINY],
  ["pnn", TINY],
  ["coreset", TINY],
  ["replay-hypernet", TINY],
  ["chunked", TINY],
  ["single-hypernet", TINY],
  ["hypercrl", TINY_PUSH],
])(
  "a run of %s killed in its second task ends with the bytes of an undisturbed one",
  async (method, settings) => {
    const undisturbed = join(folder, `${method}-${settings.length}-undisturbed`);
    const killed = join(folder, `${method}-${settings.length}-killed`);
    const train = (out: string) => ["train", "--quiet", "--method", method, "--out", out, ...settings];
    const { code, stderr } = await call(train(undisturbed));
    expect(code, stderr).toBe(0);
    const total = metricsLines(undisturbed);
    const child = start(train(killed));
    while (child.running() && metricsLines(killed) < Math.floor(0.7 * total)) await sleep(2);
    child.kill("SIGKILL");
    expect((await child.finished).signal).toBe("SIGKILL");
    const resumed = await run(["train", "--quiet", "--resume", killed, "--threads", "1"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(fileHashes(killed)).toEqual(fileHashes(undisturbed));
  },
);

it("a run killed while an evaluation is played beside learning ends with the bytes of an undisturbed one", async () => {
  const settings = [...TINY, "--set", "loop.evaluationEpisodes=3"];
  const undisturbed = join(folder, "beside-undisturbed");
  const killed = join(folder, "beside-killed");
  expect((await call(["train", "--quiet", "--out", undisturbed, ...settings])).code).toBe(0);
  const child = start(["train", "--quiet", "--out", killed, ...settings, "--threads", "2"]);
  // Of the second task, learned while the first is evaluated.
  const begun = join(killed, "episodes", "02-random-0001.mcap");
  while (child.running() && !existsSync(begun)) await sleep(2);
  child.kill("SIGKILL");
  expect((await child.finished).signal).toBe("SIGKILL");
  const resumed = await run(["train", "--quiet", "--resume", killed, "--threads", "2"]);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(fileHashes(killed)).toEqual(fileHashes(undisturbed));
});

it.each([
  ["SIGINT", 130, 5],
  ["SIGTERM", 143, 11],
  // What clusters send before a job's limit. Left to itself, the runtime opens a debugger at the first and dies of the second.
  ["SIGUSR1", 128 + constants.signals.SIGUSR1, 5],
] as const)(
  "%s stops with code %i, says how to go on, and loses nothing",
  async (signal, exitCode, lines) => {
    const out = join(folder, signal);
    const { code, stderr, stdout } = await interrupt(out, lines, 20, signal);
    expect(stderr).toMatch(
      /Stopped\. Everything up to .* of task \d of 2.* is saved; continue\s+with:\n {2}hypercrl train --resume /,
    );
    expect(stderr).toContain(`hypercrl train --resume ${out}\n`);
    expect(stdout).not.toContain("Simulate the best");
    expect(code).toBe(exitCode);
    const resumed = await run(["train", "--quiet", "--resume", out, "--threads", "1"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expectSameRun(out);
  },
);

it("a finished run stays as it is when it is continued", async () => {
  const before = fileHashes(whole);
  const { code, stdout } = await run(["train", "--resume", whole, "--threads", "1"]);
  expect(stdout).toContain("Simulate the best evaluation episode");
  expect(code).toBe(0);
  expect(fileHashes(whole)).toEqual(before);
});

it("every episode verifies in another process", async () => {
  const episodes = Object.keys(fileHashes(whole)).filter((name) => name.endsWith(".mcap"));
  const { code, stdout } = await run(["replay", whole, "--verify"]);
  const verified = unwrapped(stdout).match(/^.*\.mcap: \d+ steps and \d+ state hashes match bit by bit$/gm);
  expect(verified).toHaveLength(episodes.length);
  expect(episodes.length).toBeGreaterThan(10);
  expect(code).toBe(0);
});

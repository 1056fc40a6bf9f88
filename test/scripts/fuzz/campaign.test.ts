import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../files.js";

// What starts processes does so from the build.
const { fuzzKind } = (await import(
  "#dist/scripts/fuzz/campaign.js"
)) as typeof import("../../../scripts/fuzz/campaign.js");

const inputs = temporaryFolder();
const folder = temporaryFolder();
beforeAll(() => {
  mkdirSync(join(inputs, "victim"));
  writeFileSync(join(inputs, "victim/thesis.tex"), "Three years of work.\n");
});
afterAll(() => {
  for (const path of [inputs, folder]) rmSync(path, { recursive: true });
});

const kinds = pathToFileURL(join(import.meta.dirname, "bad-kinds.mjs")).href;
/** Short where it is waited for, and long where only a busy machine would come near it. */
const limitsOf = (kind: string) => ({ bytes: 600 * 2 ** 20, ms: kind === "hang" ? 3000 : 60_000 });
const run = (kind: string, cases: number, signal?: AbortSignal) => {
  const limits = limitsOf(kind);
  return fuzzKind(kind, {
    inputs,
    folder,
    kinds,
    limits,
    cases,
    seed: 3,
    jobs: 1,
    ...(signal && { signal }),
  });
};
afterEach(() => expect(readdirSync(folder), "what processes left").toEqual([]));

describe("a campaign", () => {
  it.each(["refused", "harmless"] as const)("counts %s", async (outcome) => {
    const { counts, bad } = await run(outcome, 3);
    expect(counts[outcome]).toBe(3);
    expect(bad).toEqual([]);
  });

  it.each([
    ["trace", "trace", /TypeError: not meant for users/],
    ["hang", "hang", /no answer after 3 s/],
    ["memory", "memory", /\d+ MiB/],
    ["escaped", "escaped", /a file outside/],
    ["ended", "trace", /exit code 5/],
  ] as const)("notices %s, says which case it was, and goes on", async (kind, outcome, detail) => {
    const { counts, bad } = await run(kind, 2);
    expect(counts[outcome]).toBe(2);
    expect(bad.map(({ index }) => index)).toEqual([0, 1]);
    expect(bad[0]).toMatchObject({ kind, seed: 3, outcome });
    expect(bad[0]?.detail).toMatch(detail);
  });

  it("that is stopped ends its processes, and what they had begun is no finding", async () => {
    const stop = new AbortController();
    const campaign = run("hang", 2, stop.signal);
    const begun = () =>
      readdirSync(folder).some((name) => readdirSync(join(folder, name)).includes("victim"));
    while (!begun()) await wait(20);
    stop.abort("SIGTERM");
    await expect(campaign).rejects.toBe("SIGTERM");
  });

  /** Processes that load a module which one of them alone can. */
  const slow = (notes: string, signal?: AbortSignal) => {
    mkdirSync(notes);
    const once = pathToFileURL(join(import.meta.dirname, "once-kinds.mjs"));
    once.searchParams.set("folder", notes);
    const cases = { kinds: once.href, cases: 200, seed: 3, jobs: 2 };
    return fuzzKind("slow", { inputs, folder, ...cases, ...(signal && { signal }) });
  };

  it("that was stopped before it began starts no process", async () => {
    const notes = join(inputs, "none");
    await expect(slow(notes, AbortSignal.abort("SIGTERM"))).rejects.toBe("SIGTERM");
    expect(readdirSync(notes)).toEqual([]);
  });

  it("ends when one of its processes cannot be started, and does not leave its cases to the others", async () => {
    const notes = join(inputs, "once");
    await expect(slow(notes)).rejects.toThrow(/A process for cases did not start/);
    expect(readFileSync(join(notes, "cases"), "utf8").length).toBeLessThan(100);
  });
});

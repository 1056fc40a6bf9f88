import { appendFileSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeSuite, writeSuiteRecord } from "../../../agent/run/suite-record.js";
import { silentSweepView } from "../../../scripts/cli/sweep-view.js";
import { builtinCatalog } from "../../../scripts/parts/catalog.js";
import { suiteNow } from "../../../scripts/parts/same-suite.js";
import { suiteFrom } from "../../../scripts/parts/suite-file.js";
import type { EngineEvents, RunJob, SweepEngine } from "../../../scripts/sweep/engine.js";
import { localEngine } from "../../../scripts/sweep/local-engine.js";
import { runSweep } from "../../../scripts/sweep/sweep.js";
import type { SweepOptions } from "../../../scripts/sweep/work.js";
import { InputError, RunError } from "../../../sim/core/errors.js";
import { isLockFile } from "../../../sim/core/folder-lock.js";
import { temporaryFolder } from "../../files.js";
import { writeOwnSuite } from "../own-suite.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

type Work = (jobs: readonly RunJob[], events: EngineEvents, signal: AbortSignal) => unknown;

/** A sweep whose engine starts no processes. */
function sweep(out: string, suite: string, work: Work, options: Partial<SweepOptions> = {}) {
  const engine: SweepEngine = { ...localEngine(1), run: async (...all) => void (await work(...all)) };
  return runSweep({
    out,
    choice: { suite, methods: [{ method: "single" }], seeds: [1, 2] },
    resume: false,
    commandLine: "main.js",
    engine,
    signal: new AbortController().signal,
    view: silentSweepView,
    ...options,
  });
}

const nothing: Work = () => {};

describe("a sweep whose folder another process takes over", () => {
  it("stops its runs, and leaves the report to the other", async () => {
    const out = join(folder, "taken");
    const aborted: boolean[] = [];
    const work: Work = ([first, second], events, signal) => {
      for (const job of [first!, second!]) events.started(job);
      events.exited(first!, { code: 1, signal: null });
      aborted.push(signal.aborted);
      for (const lock of readdirSync(out).filter(isLockFile)) rmSync(join(out, lock));
      events.exited(second!, { code: 1, signal: null });
      aborted.push(signal.aborted);
    };
    const run = sweep(out, "reacher", work);
    await expect(run).rejects.toBeInstanceOf(RunError);
    await expect(run).rejects.toThrow(/Sweep .*taken has been taken over by another process/);
    expect(aborted).toEqual([false, true]);
    expect(readdirSync(out).filter((name) => name.startsWith("sweep-results"))).toEqual([]);
  });
});

it("a damaged reference in the folder is told before any run is started", async () => {
  const out = join(folder, "damaged-reference");
  await sweep(out, "reacher", nothing);
  writeFileSync(join(out, "oracle.json"), "{");
  let started = false;
  const work = () => {
    started = true;
  };
  const begun = sweep(out, "reacher", work, { resume: true });
  await expect(begun).rejects.toBeInstanceOf(InputError);
  expect(started).toBe(false);
});

describe("a sweep whose suite has changed since a run of it began", () => {
  const out = join(folder, "changed");
  let suite: string;

  beforeAll(async () => {
    suite = await writeOwnSuite(folder);
    await sweep(out, suite, ([first]) => begin(first!));
    appendFileSync(suite, "// Another mass, say.\n");
  });

  /** What a run notes when it begins. */
  async function begin({ command }: RunJob): Promise<void> {
    const loaded = await suiteFrom(suite, builtinCatalog);
    writeSuiteRecord(command.at(-1)!, await suiteNow(loaded, loaded.tasks.length, { suite }));
  }

  it("is refused before any run is started", async () => {
    let started = false;
    const refused = sweep(
      out,
      suite,
      () => {
        started = true;
      },
      { resume: true },
    );
    await expect(refused).rejects.toBeInstanceOf(InputError);
    await expect(refused).rejects.toThrow(
      /Suite puck has changed since run .*single-s1.* got other contents of puck\.mjs.*--accept-changed-suite/,
    );
    expect(started).toBe(false);
  });

  it("goes on when the call says so, with a warning, and its runs accept the change too", async () => {
    const warnings: string[] = [];
    const commands: string[][] = [];
    const options = {
      resume: true,
      acceptChangedSuite: true,
      onWarning: (text: string) => warnings.push(text),
    };
    await sweep(out, suite, (jobs) => commands.push(...jobs.map(({ command }) => [...command])), options);
    expect(warnings).toEqual([
      expect.stringMatching(/^suite puck has changed since run .*single-s1.*: puck\.mjs$/),
    ]);
    expect(commands).toHaveLength(2);
    for (const command of commands) expect(command).toContain("--accept-changed-suite");
  });

  it("is refused with other specs whatever the call says", async () => {
    const other = join(folder, "specs");
    await sweep(other, "reacher", ([first]) => {
      const reacher = builtinCatalog.suites.find(({ name }) => name === "reacher")!;
      const record = describeSuite(reacher, 10, undefined);
      const [{ spec, name }, ...tasks] = record.tasks as [(typeof record.tasks)[0]];
      writeSuiteRecord(first!.command.at(-1)!, {
        ...record,
        tasks: [{ name, spec: { ...spec, episodeSteps: 40 } }, ...tasks],
      });
    });
    const refused = sweep(other, "reacher", nothing, { resume: true, acceptChangedSuite: true });
    await expect(refused).rejects.toThrow(
      /is not what run .* was made with; got .*episodeSteps: 40 in the run, 50 now/,
    );
    expect(existsSync(join(other, "sweep-results.json"))).toBe(true);
  });
});

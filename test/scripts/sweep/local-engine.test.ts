import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import type { RunExit, RunJob } from "../../../scripts/sweep/engine.js";
import { localEngine } from "../../../scripts/sweep/local-engine.js";
import { lastError } from "../../../scripts/sweep/run-state.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const job = (id: string, code: string): RunJob => ({
  ...{ id, command: [process.execPath, "-e", code], log: join(folder, "logs", `${id}.log`) },
  memory: 0,
});

/** Runs jobs and notes what the engine tells. */
async function watch(jobs: readonly RunJob[], atOnce: number, stop = new AbortController()) {
  const exits: Record<string, RunExit> = {};
  const started: string[] = [];
  let [running, most] = [0, 0];
  await localEngine(atOnce).run(
    jobs,
    {
      started: ({ id }) => {
        started.push(id);
        most = Math.max(most, ++running);
      },
      exited: ({ id }, exit) => {
        running--;
        exits[id] = exit;
      },
    },
    stop.signal,
  );
  return { exits, started, most, running };
}

it("runs every job, so many at a time, whatever becomes of the others", async () => {
  const jobs = [
    job("good", "console.log('done')"),
    job("bad", "console.error('error: no luck.'); console.error('after'); process.exit(3)"),
    job("killed", "process.kill(process.pid, 'SIGKILL')"),
    { ...job("none", ""), command: [join(folder, "no-such-program")] as const },
    job("last", ""),
  ];
  const { exits, started, most, running } = await watch(jobs, 2);
  expect(exits).toEqual({
    good: { code: 0, signal: null },
    bad: { code: 3, signal: null },
    killed: { code: null, signal: "SIGKILL" },
    none: { code: null, signal: null, startError: expect.stringMatching(/ENOENT/) },
    last: { code: 0, signal: null },
  });
  expect(started).toEqual(jobs.map(({ id }) => id));
  expect([most, running]).toEqual([2, 0]);
  expect(readFileSync(jobs[0]!.log, "utf8")).toBe("done\n");
  expect(lastError(jobs[1]!.log, 0)).toBe("error: no luck.");
  expect(lastError(jobs[1]!.log, "error: no luck.\n".length)).toBe("after");
  expect(lastError(jobs[2]!.log, 0)).toBeUndefined();
});

it("asks what runs to stop when aborted, waits for it, and starts no more", async () => {
  const stop = new AbortController();
  const graceful =
    "process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1e3); console.log('up')";
  const jobs = [job("running", graceful), job("waiting", "")];
  const watching = watch(jobs, 1, stop);
  const up = () => {
    try {
      return readFileSync(jobs[0]!.log, "utf8") === "up\n";
    } catch {
      return false;
    }
  };
  while (!up()) await new Promise((done) => setTimeout(done, 5));
  stop.abort();
  expect(await watching).toMatchObject({
    exits: { running: { code: 7, signal: null } },
    ...{ started: ["running"], running: 0 },
  });
});

it("is ready for as many at a time as there are runs, however many it may start", async () => {
  expect(await watch([job("one", "")], 4294967295)).toMatchObject({ started: ["one"], most: 1 });
});

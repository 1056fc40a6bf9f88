import { execFile } from "node:child_process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { Crew } from "../../../agent/threads/crew.js";
import { RunError } from "../../../sim/core/errors.js";

const WORKER = new URL("./worker.mjs", import.meta.url);
const [FAIL, EXIT, STALL, SLOW, LATE] = [1, 2, 3, 4, 5];

const shared = (length: number) => new Int32Array(new SharedArrayBuffer(4 * length));

const crews: Crew[] = [];
/** What stuck workers wait on while it is 0. */
const stuck = shared(1);
afterEach(async () => {
  // Or closing would wait for them as long as for the slowest machine. The value lets go a worker that is not asleep yet.
  Atomics.store(stuck, 0, 1);
  Atomics.notify(stuck, 0);
  for (const crew of crews.splice(0)) await crew.close();
  Atomics.store(stuck, 0, 0);
});

function setUp(workers: number) {
  const [counts, started] = [shared(64), shared(1)];
  const crew = Crew.create(fileURLToPath(WORKER), { counts, started, stuck }, workers);
  crews.push(crew);
  /** Blocks until a worker has begun a chunk, so that it surely holds one. */
  const awaitWorker = () => {
    const before = Atomics.load(started, 0);
    return () => Atomics.wait(started, 0, before);
  };
  return { crew, counts, awaitWorker };
}

describe("a crew", () => {
  it.each([0, 1, 3])("with %d workers does every chunk exactly once, job after job", async (workers) => {
    const { crew, counts } = setUp(workers);
    for (let job = 1; job <= 300; job++) {
      const chunks = 1 + (job % 64);
      counts.fill(0);
      await crew.run(chunks, (chunk) => void Atomics.add(counts, chunk, 1), { duplicate: false });
      expect([...counts]).toEqual(counts.map((_, i) => (i < chunks ? 1 : 0)).reduce<number[]>(collect, []));
    }
  });

  it("hands messages to a worker before the next job, and tells who did what", async () => {
    const { crew, counts, awaitWorker } = setUp(1);
    for (const factor of [10, 20, 30]) {
      crew.post(factor);
      counts.fill(0);
      await crew.run(8, (chunk) => void Atomics.add(counts, chunk, 1), {
        duplicate: false,
        meanwhile: awaitWorker(),
      });
      const owners = Array.from({ length: 8 }, (_, chunk) => crew.owner(chunk));
      expect([...counts.subarray(0, 8)]).toEqual(owners.map((owner) => (owner === 1 ? factor : 1)));
      expect(owners).toContain(1);
    }
  });

  it("queues jobs that are started at the same time", async () => {
    const { crew, counts } = setUp(2);
    const job = (chunks: number) =>
      crew.run(
        chunks,
        async (chunk) => {
          await nextTurn();
          Atomics.add(counts, chunk, 1);
        },
        { duplicate: false, parameters: [SLOW] },
      );
    await Promise.all([job(3), job(5), job(1), job(5)]);
    expect([...counts.subarray(0, 6)]).toEqual([4, 3, 3, 2, 2, 0]);
  });
});

describe("a worker whose core is busy", () => {
  it("is waited for when its chunks must not be done twice, and the crew tells of it until a job goes well", async () => {
    const { crew, counts, awaitWorker } = setUp(1);
    const count = (chunk: number) => void Atomics.add(counts, chunk, 1);
    await crew.run(2, count, { duplicate: false, parameters: [LATE], meanwhile: awaitWorker() });
    expect([...counts.subarray(0, 3)]).toEqual([1, 1, 0]);
    expect(crew.stalled).toBe(true);
    await crew.run(0, count, { duplicate: false });
    expect(crew.stalled).toBe(false);
  });
});

function collect(list: number[], value: number): number[] {
  list.push(value);
  return list;
}

describe("a worker that gets stuck", () => {
  it("does not hold up a job whose chunks may be done twice, nor later ones", async () => {
    const { crew, awaitWorker } = setUp(1);
    const done: number[] = [];
    const handle = (chunk: number) => void done.push(chunk);
    await crew.run(4, handle, { duplicate: true, parameters: [STALL], meanwhile: awaitWorker() });
    expect(done.toSorted()).toEqual([0, 1, 2, 3]);
    await crew.run(4, handle, { duplicate: true });
    expect(done.toSorted()).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect([0, 1, 2, 3].map((chunk) => crew.owner(chunk))).toEqual([0, 0, 0, 0]);
  });

  it.each([
    ["throws", FAIL, /told to fail/],
    ["exits", EXIT, /exit with code 7/],
  ])("and %s fails the job that needs it and all later ones", async (_, command, message) => {
    const { crew, awaitWorker } = setUp(2);
    const options = { duplicate: false, parameters: [command], meanwhile: awaitWorker() };
    const error = await crew.run(3, () => undefined, options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RunError);
    expect(String(error)).toMatch(message);
    expect(String(error)).toMatch(/--threads 1/);
    await expect(crew.run(1, () => undefined, { duplicate: true })).rejects.toBeInstanceOf(RunError);
  });
});

describe("the end of a crew", () => {
  it("refuses jobs after it is closed", async () => {
    const { crew } = setUp(1);
    await crew.close();
    await expect(crew.run(1, () => undefined, { duplicate: true })).rejects.toThrow("closed");
  });

  it("passes on an error of the calling thread and goes on with the next job", async () => {
    const { crew, counts } = setUp(1);
    const broken = () => {
      throw new TypeError("mine");
    };
    await expect(crew.run(40, broken, { duplicate: true })).rejects.toThrow("mine");
    counts.fill(0);
    await crew.run(2, (chunk) => void Atomics.add(counts, chunk, 1), { duplicate: true });
    expect([0, 1].every((chunk) => counts[chunk]! > 0 || crew.owner(chunk) === 0)).toBe(true);
  });

  it.each(["", "process.exit(0);"])("never keeps a process alive nor breaks it (%j)", async (ending) => {
    const file = fileURLToPath(new URL("../../../dist/agent/threads/crew.js", import.meta.url));
    const script = `
      import { Crew } from ${JSON.stringify(pathToFileURL(file).href)};
      const shared = () => new Int32Array(new SharedArrayBuffer(256));
      const crew = Crew.create(${JSON.stringify(fileURLToPath(WORKER))}, { counts: shared(), started: shared() }, 2);
      await crew.run(5, () => {}, { duplicate: false });
      process.stdout.write("done");
      ${ending}`;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    expect((await run).stdout).toBe("done");
  });
});

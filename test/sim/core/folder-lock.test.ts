import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { InputError, RunError } from "../../../sim/core/errors.js";
import { breakLocks, isInUse, lockFolder } from "../../../sim/core/folder-lock.js";
import { machineId } from "../../../sim/core/process-identity.js";
import { processesIn, temporaryFolder } from "../../files.js";

const root = temporaryFolder();
const folder = join(root, "folder");
mkdirSync(folder);
afterEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
});
afterAll(() => rmSync(root, { recursive: true }));

const put = (host: string, pid: number, start: string) =>
  writeFileSync(join(folder, `in-use.${host}.${pid}.${start}.lock`), "");

it("is held once, given back, and then free again", () => {
  const lock = lockFolder(folder, "Run");
  expect(processesIn(folder)).toEqual([process.pid]);
  expect(() => lockFolder(folder, "Run")).toThrow(/^Run .* is in use; got process \d+ at work in it/);
  lock.release();
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
  lockFolder(folder, "Run").release();
});

it("is taken over from a process that is gone, whose file goes", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  put(hostname(), child.pid!, "1");
  const lock = lockFolder(folder, "Run");
  expect(readdirSync(folder)).toHaveLength(1);
  expect(processesIn(folder)).toEqual([process.pid]);
  lock.release();
});

it("is taken over from an earlier process that had the id of one that lives now", () => {
  put(hostname(), process.pid, "1");
  const lock = lockFolder(folder, "Run");
  expect(readdirSync(folder)).toHaveLength(1);
  lock.release();
});

it("is refused while a process of another machine may hold it, and leaves that file alone", () => {
  put("elsewhere.example.org", 7, "123");
  const attempt = () => lockFolder(folder, "Sweep");
  expect(attempt).toThrow(InputError);
  expect(attempt).toThrow(
    /process 7 on elsewhere\.example\.org.*delete .*elsewhere\.example\.org\.7\.123\.lock/,
  );
  expect(readdirSync(folder)).toEqual(["in-use.elsewhere.example.org.7.123.lock"]);
});

describe("a lock of another machine", () => {
  const path = join(folder, "in-use.elsewhere.7.123.lock");
  /** Puts down what a process there would, last renewed some minutes ago. */
  const renewed = (minutes: number) => {
    const own = lockFolder(folder, "Run");
    const [name] = readdirSync(folder);
    const text = readFileSync(join(folder, name!), "utf8");
    writeFileSync(path, text.replace(machineId(), "another.1"));
    own.release();
    const seconds = Date.now() / 1000 - 60 * minutes;
    utimesSync(path, seconds, seconds);
  };

  it("holds as long as it is renewed", () => {
    renewed(9);
    expect(isInUse(folder, Date.now())).toBe(true);
    expect(() => lockFolder(folder, "Run")).toThrow(/process 7 on elsewhere.*wait 10 minutes/);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("is taken over when it has not been for ten minutes", () => {
    renewed(11);
    expect(isInUse(folder, Date.now())).toBe(false);
    const lock = lockFolder(folder, "Run");
    expect(readdirSync(folder)).toHaveLength(1);
    lock.check();
    lock.release();
  });

  it("is one of another machine though that has the same host name", () => {
    const own = lockFolder(folder, "Run");
    const [name] = readdirSync(folder);
    const text = readFileSync(join(folder, name!), "utf8");
    own.release();
    const same = join(folder, `in-use.${hostname()}.${2 ** 22 + 1}.123.lock`);
    writeFileSync(same, text);
    // Here there is no such process.
    expect(isInUse(folder, Date.now())).toBe(false);
    writeFileSync(same, text.replace(machineId(), "another.1"));
    expect(isInUse(folder, Date.now())).toBe(true);
    // Not to be stopped from here.
    expect(() => lockFolder(folder, "Run")).toThrow(
      /is in use; got process \d+ on .*Wait for that process; if it is gone/,
    );
    breakLocks(folder, machineId());
    expect(isInUse(folder, Date.now())).toBe(true);
    breakLocks(folder, "another.1");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("of a version that did not renew holds for ever", () => {
    put("elsewhere", 7, "123");
    utimesSync(path, 1, 1);
    expect(() => lockFolder(folder, "Run")).toThrow(/is in use/);
  });
});

it("is renewed every minute, and its process learns that the folder was taken over", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  try {
    const lock = lockFolder(folder, "Run");
    const path = join(folder, readdirSync(folder)[0]!);
    utimesSync(path, 1, 1);
    vi.advanceTimersByTime(59_000);
    expect(statSync(path).mtimeMs).toBe(1000);
    vi.advanceTimersByTime(2000);
    expect(Date.now() - statSync(path).mtimeMs).toBeLessThan(60_000);
    lock.check();
    rmSync(path);
    vi.advanceTimersByTime(120_000);
    expect(readdirSync(folder)).toEqual([]);
    expect(() => lock.check()).toThrow(RunError);
    lock.release();
  } finally {
    vi.useRealTimers();
  }
});

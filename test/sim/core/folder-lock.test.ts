import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it } from "vitest";
import { InputError } from "../../../sim/core/errors.js";
import { lockFolder, processesIn } from "../../../sim/core/folder-lock.js";
import { temporaryFolder } from "../../files.js";

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

import { cpSync, existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { train } from "../../../scripts/runs/train.js";
import { InputError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";
import { call, TINY } from "../call.js";

const folder = temporaryFolder();
const run = join(folder, "run");
beforeAll(async () => {
  const { code, stderr } = await call(["train", "--quiet", "--out", run, ...TINY]);
  expect(code, stderr).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Files in the folder that this process has open. */
const openFiles = () =>
  readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(join("/proc/self/fd", fd)).startsWith(folder);
    } catch {
      return false;
    }
  });
const threads = () => readdirSync("/proc/self/task").length;

it.skipIf(!existsSync("/proc/self/fd"))(
  "a run that cannot be continued leaves no file open and no thread at work",
  async () => {
    // The runtime starts its own threads when a file is first read in the background.
    await stat(folder);
    const damages = ["metrics.jsonl", "timing.jsonl"].map((name) => (copy: string) => {
      const path = join(copy, name);
      const lines = readFileSync(path, "utf8").split("\n");
      // As many bytes as before, so that the log is as long as the checkpoint says.
      writeFileSync(path, lines.with(2, "null".padEnd(lines[2]!.length)).join("\n"));
    });
    for (const [i, damage] of damages.entries()) {
      const copy = join(folder, `copy${i}`);
      cpSync(run, copy, { recursive: true });
      damage(copy);
      const before = threads();
      await expect(train({ resume: copy, threads: 3 })).rejects.toThrow(InputError);
      expect(openFiles()).toEqual([]);
      expect(threads()).toBeLessThanOrEqual(before);
    }
  },
);

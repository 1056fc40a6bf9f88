import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { fileHashes, temporaryFolder } from "../../files.js";
import { call, expectOneError, TINY } from "../call.js";
import { CLI, run } from "../cli.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

// That each kind of error is found, and in which words, is tested within one process in errors.test.ts.
it("a process ends with 2 after a wrong call and 3 after bad input, with one message and no stack trace", async () => {
  const never = join(folder, "never");
  expectOneError(
    await run(["train", "--sede", "1"]),
    2,
    /unknown option '--sede'\n\(Did you mean --seed\?\)/,
  );
  expectOneError(await run(["train", "--out", never, "--suite", "psh"]), 2, /got "psh".*Did you mean "push"/);
  expect(existsSync(never)).toBe(false);
  mkdirSync(join(folder, "empty"));
  expectOneError(await run(["evaluate", join(folder, "empty")]), 3, /settings\.json is missing.*run folder/);
});

it("stack traces are printed where they are asked for", async () => {
  const absent = join(folder, "absent");
  for (const [more, env] of [
    [["--debug"], {}],
    [[], { HYPERCRL_DEBUG: "1" }],
  ] as const) {
    const { code, stderr } = await run(["evaluate", absent, ...more], undefined, env);
    expect(stderr).toMatch(/^error: .*absent[\s\S]*^ {4}at /m);
    expect(code).toBe(3);
  }
});

it("output that cannot be written ends with one message and code 1", async ({ skip }) => {
  if (!existsSync("/dev/full")) skip("there is no /dev/full");
  const full = openSync("/dev/full", "w");
  try {
    for (const command of [["tasks"], ["--help"]]) {
      const { status, stderr } = spawnSync(process.execPath, [CLI, ...command], {
        stdio: ["ignore", full, "pipe"],
        encoding: "utf8",
      });
      expectOneError(
        { code: status, signal: null, stdout: "", stderr },
        1,
        /Standard output cannot be written; got no space left on the disk/,
      );
    }
  } finally {
    closeSync(full);
  }
});

/** Mounting needs rights that not every machine gives. */
function mount(path: string, size: number, options = ""): boolean {
  try {
    mkdirSync(path, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", `${options}size=${size}`, "tmpfs", path], {
      stdio: "ignore",
    });
    return true;
  } catch {
    return false;
  }
}

it("a full disk ends the run, and it continues to the same bytes once there is space", async ({ skip }) => {
  const disk = join(folder, "disk");
  if (!mount(disk, 512 * 1024)) skip("mount is not permitted");
  try {
    const out = join(disk, "run");
    const failed = await run(["train", "--quiet", "--out", out, ...TINY]);
    expectOneError(failed, 1, /no space left on the disk.*Free some space/);
    expect(failed.stderr).toContain(`continue with:\n  hypercrl train --resume ${out}\n`);
    mount(disk, 64 * 1024 * 1024, "remount,");
    const resumed = await run(["train", "--quiet", "--resume", out, "--threads", "1"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    const good = join(folder, "good");
    expect(await call(["train", "--quiet", "--out", good, ...TINY])).toMatchObject({ code: 0 });
    expect(fileHashes(out)).toEqual(fileHashes(good));
  } finally {
    execFileSync("umount", [disk]);
  }
});

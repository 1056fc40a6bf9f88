import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { fileHashes, temporaryFolder } from "../../files.js";
import { TINY_SWEEP } from "../call.js";
import { CLI, metricsLines, run } from "../cli.js";

const folder = temporaryFolder();

afterAll(() => rmSync(folder, { recursive: true }));

const GIB_8 = 8 * 2 ** 20;
const GIB_32 = 32 * 2 ** 20;

/** Runs the command line where no more than `kib` may be reserved. */
function limited(kib: number, args: readonly string[]) {
  const script = `ulimit -v ${kib}; exec "$@"`;
  const child = spawn("bash", ["-c", script, "bash", process.execPath, CLI, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const finished = new Promise<{ code: number | null; stderr: string }>((done) => {
    child.on("close", (code) => done({ code, stderr }));
  });
  return { child, finished };
}

// Other systems have no such limit.
describe.skipIf(!existsSync("/proc/self/limits"))("under `ulimit -v`", () => {
  it.each([
    ["on one thread", GIB_8, ["--threads", "1"]],
    ["on two, with training in the background", GIB_32, ["--threads", "2", "--async"]],
  ])("a run %s ends with the bytes that it has without a limit", async (name, limit, options) => {
    const [free, tight] = [join(folder, `free ${name}`), join(folder, `tight ${name}`)];
    const train = (out: string) => ["train", "--quiet", "--out", out, ...TINY_SWEEP, ...options];
    const whole = await run(train(free));
    expect(whole.code, whole.stderr).toBe(0);
    const { code, stderr } = await limited(limit, train(tight)).finished;
    expect(code, stderr).toBe(0);
    expect(fileHashes(tight)).toEqual(fileHashes(free));
  });

  it("a signal saves the run and ends it with its code", async () => {
    const out = join(folder, "stopped");
    const { child, finished } = limited(GIB_32, ["train", "--quiet", "--out", out, ...TINY_SWEEP]);
    while (child.exitCode === null && metricsLines(out) < 2) await sleep(5);
    child.kill("SIGTERM");
    const { code, stderr } = await finished;
    expect(stderr).toMatch(/Stopped\. Everything up to/);
    expect(code).toBe(143);
  });
});

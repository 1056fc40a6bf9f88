import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { temporaryFolder } from "../../files.js";
import { expectOneError, TINY_SETTINGS } from "../call.js";
import { metricsLines, run, start } from "../cli.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** A run of the example that waits in its first task, with an `advance` that does something else once it is told to. */
async function begin(name: string, instead: string) {
  const [file, out] = [join(folder, `${name}.mjs`), join(folder, name)];
  const [told, inside] = [`${out}.told`, `${out}.inside`];
  const text = readFileSync("docs/examples/puck-suite.mjs", "utf8")
    .replace('from "hypercrl"', `from ${JSON.stringify(resolve("dist/scripts/index.js"))}`)
    .replace(
      "advance(action) {",
      `advance(action) {
        if (existsSync(${JSON.stringify(told)})) {
          writeFileSync(${JSON.stringify(inside)}, "");
          rmSync(${JSON.stringify(told)});
          ${instead}
        }`,
    );
  writeFileSync(file, `import { existsSync, rmSync, writeFileSync } from "node:fs";\n${text}`);
  const args = ["train", "--threads", "1", "--suite", file, "--out", out, ...TINY_SETTINGS];
  const process = start([...args, "--set", "loop.evaluationEpisodes=1000"]);
  const until = async (done: () => boolean) => {
    while (!done() && process.running()) await setTimeout(20);
  };
  await until(() => metricsLines(out) > 0);
  writeFileSync(told, "");
  await until(() => existsSync(inside));
  return process;
}

it("a suite that does not return does not keep the second signal from ending the process", async () => {
  const process = await begin("endless", "for (;;);");
  process.kill("SIGTERM");
  await setTimeout(4000);
  process.kill("SIGTERM");
  expect(await process.finished).toMatchObject({ code: null, signal: "SIGTERM" });
});

it("a suite that returned late is stopped and saved as any other", async () => {
  const process = await begin("late", "for (const end = Date.now() + 3500; Date.now() < end; );");
  await setTimeout(4500);
  process.kill("SIGTERM");
  const { code, stderr } = await process.finished;
  expect(stderr).toContain("Stopped.");
  expect(code).toBe(143);
});

it("a suite that awaits for ever while it is loaded ends with its name and code 3", async () => {
  const file = join(folder, "never.mjs");
  writeFileSync(file, "await new Promise(() => {}); export default {};");
  expectOneError(await run(["tasks", "--suite", file]), 3, /Loading of the suite in .*never\.mjs never ends/);
});

it("what a module leaves running does not keep a command from ending", async () => {
  const file = join(folder, "running.mjs");
  writeFileSync(file, "setInterval(() => {}, 1000); export default {};");
  expectOneError(await run(["tasks", "--suite", file]), 3, /breaks the rule "suite"/);
});

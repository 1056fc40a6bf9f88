import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { runScript } from "../cli.js";

const exitCode = (...args: string[]) => runScript(resolve("dist/scripts/bench/main.js"), args);

it("ends with 0 after help, 2 after a wrong call, 3 after a wrong file", async () => {
  const [help, usage, option, input] = await Promise.all([
    exitCode("--help"),
    exitCode("--only", "nothing"),
    exitCode("--fast"),
    exitCode("--compare", join(tmpdir(), "none.json")),
  ]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toContain("--only <sections>");
  expect(usage).toMatchObject({ code: 2, stdout: "" });
  expect(usage.stderr).toMatch(/^error: Unknown benchmark section; got "nothing"/);
  expect(option).toMatchObject({ code: 2, stdout: "" });
  expect(input).toMatchObject({ code: 3, stdout: "" });
  expect(input.stderr).toMatch(/^error: .*none\.json is missing/);
});

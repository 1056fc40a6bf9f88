import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { reportError } from "../../../scripts/cli/report-error.js";
import { temporaryFolder } from "../../files.js";
import { madeUp } from "../../sim/recording/hostile.js";
import { call, expectOneError } from "../call.js";

const folder = temporaryFolder();
const TASK = "\u001b[2J\u001b]0;title\u0007\u202epoint\nerror: all well";

afterAll(() => rmSync(folder, { recursive: true }));

async function write(name: string, metadata: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, await madeUp({ steps: 2, metadata }));
  return path;
}

/** What a terminal would get. */
const steers = (text: string) => /[^\n\t -~\u00a0-\uffff]|\u202e/.test(text);

it("steers no terminal from a recording's names, in tables, JSON and errors", async () => {
  const path = await write("names.mcap", {
    task: TASK,
    measures: JSON.stringify(["\u001b[31mredMm"]),
    action: JSON.stringify([{ name: "u", unit: "\u001b" }]),
  });
  const plain = await call(["replay", path]);
  expect(plain.code, plain.stderr).toBe(0);
  expect(plain.stdout).toContain("\\u001b[2J");
  const json = await call(["replay", path, "--json"]);
  expect(JSON.parse(json.stdout).header.task).toBe(TASK);
  const refused = await call(["replay", path, "--verify"]);
  expectOneError(refused, 3, /got task "\\u001b\[2J.*\\nerror: all well" of suite "toy"/);
  for (const { stdout, stderr } of [plain, json, refused]) {
    expect(steers(stdout)).toBe(false);
    expect(steers(stderr)).toBe(false);
  }
});

it("echoes no long value whole", async () => {
  const path = await write("long.mcap", { phase: "x".repeat(100_000), taskIndex: "y".repeat(100_000) });
  const { code, stderr } = await call(["replay", path]);
  expect(code).toBe(3);
  expect(stderr.length).toBeLessThan(2000);
  const settings = await call(["train", "--set", `planner.samples=${"9".repeat(100_000)}`]);
  expect(settings.code).toBe(2);
  expect(settings.stderr.length).toBeLessThan(4000);
});

it("prints no more of an episode than can be read", async () => {
  const write = async (name: string, steps: number, names: readonly string[]) => {
    const path = join(folder, name);
    writeFileSync(path, await madeUp({ steps, metadata: { measures: JSON.stringify(names) } }));
    return path;
  };
  const names = (count: number, length: number) =>
    Array.from({ length: count }, (_, i) => String(i).padEnd(length, "x"));
  const { code, stdout } = await call(["replay", await write("wide.mcap", 1000, names(1000, 8))]);
  expect(code).toBe(0);
  // Every 21st of 1,000 steps, and the last: 48 rows.
  expect(stdout.length).toBeLessThan(3e6);
  const path = await write("long-names.mcap", 1500, names(1000, 200));
  expectOneError(
    await call(["replay", path, "--json"]),
    3,
    /too long to print; got at least \d+,\d+,\d+ characters/,
  );
});

it("steers no terminal from an error that is none of ours", () => {
  let text = "";
  const err = (line: string) => {
    text += line;
  };
  reportError(new Error(TASK), { err, errorColumns: () => 80, debug: false });
  expect(text).toContain("\\u001b[2J");
  expect(steers(text)).toBe(false);
});

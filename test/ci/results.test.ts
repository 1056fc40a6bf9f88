import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "hypercrl-results-"));
afterAll(() => rmSync(folder, { recursive: true }));

const test = (title: string, failureMessages: readonly string[] = []) => ({
  ancestorTitles: ["a robot"],
  title,
  status: failureMessages.length === 0 ? "passed" : "failed",
  failureMessages,
});

const file = (name: string, assertionResults: readonly ReturnType<typeof test>[], message = "") => {
  const passed = message === "" && assertionResults.every(({ status }) => status === "passed");
  return { name: resolve(name), status: passed ? "passed" : "failed", message, assertionResults };
};

/** A report as vitest writes it, as far as it is read. */
function report(name: string, testResults: readonly ReturnType<typeof file>[]): string {
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = all.filter(({ status }) => status === "failed").length;
  const path = join(folder, name);
  const success = testResults.every(({ status }) => status === "passed");
  const counts = { numPassedTests: all.length - failed, numFailedTests: failed, numPendingTests: 1 };
  writeFileSync(path, JSON.stringify({ success, ...counts, numTodoTests: 0, testResults }));
  return path;
}

function results(...paths: readonly string[]) {
  const { status, stdout } = spawnSync(process.execPath, [".ci/results.mjs", ...paths], { encoding: "utf8" });
  return { status, lines: stdout.trimEnd().split("\n") };
}

describe("the end of a CI log", () => {
  it("names everything that failed in all reports above the line that counts it", () => {
    const first = report("first.json", [
      file("test/arm.test.ts", [
        test("moves"),
        test("stops", ["\u001b[31mAssertionError: expected 1 to be 2\u001b[39m\n    at arm.test.ts:3"]),
      ]),
      file("test/broken.test.ts", [], "Cannot find module './gone.js'\nRequire stack: …"),
    ]);
    const second = report("second.json", [file("test/page.test.ts", [test("is drawn", ["Error: no page"])])]);
    expect(results(first, second)).toEqual({
      status: 1,
      lines: [
        "FAILED test/arm.test.ts > a robot > stops",
        "  AssertionError: expected 1 to be 2",
        "FAILED test/broken.test.ts",
        "  Cannot find module './gone.js'",
        "FAILED test/page.test.ts > a robot > is drawn",
        "  Error: no page",
        "1 passed, 3 failed, 2 skipped",
      ],
    });
  });

  it("is that line alone where nothing failed, and it is a failure where nothing passed", () => {
    const good = report("good.json", [file("test/arm.test.ts", [test("moves")])]);
    expect(results(good)).toEqual({ status: 0, lines: ["1 passed, 0 failed, 1 skipped"] });
    expect(results(good, report("empty.json", [])).status).toBe(1);
  });

  it("names a report that its test run did not write, or not to its end", () => {
    const good = report("good.json", [file("test/arm.test.ts", [test("moves")])]);
    const cut = join(folder, "cut.json");
    writeFileSync(cut, readFileSync(good, "utf8").slice(0, -10));
    expect(results(good, join(folder, "none.json"), cut)).toEqual({
      status: 1,
      lines: [
        "FAILED none.json",
        "  missing: its test run ended before writing it",
        "FAILED cut.json",
        "  cut short: its test run ended before writing it",
        "1 passed, 2 failed, 1 skipped",
      ],
    });
  });
});

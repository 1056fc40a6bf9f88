import { execFileSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";

import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { SILENT_IO } from "../../../scripts/cli/io.js";
import { reportError } from "../../../scripts/cli/report-error.js";
import { importModule } from "../../../scripts/parts/module-file.js";
import { reacherSuite } from "../../../tasks/reacher/reacher.js";
import { temporaryFolder } from "../../files.js";
import { call, expectOneError, TINY } from "../call.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const module = (name: string, text: string) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

const nothing = (...names: string[]) => names.map((name) => `${name}: async () => {}`).join(", ");

it("a method that throws is named with what it threw, before the run begins and in it", async () => {
  const out = join(folder, "never");
  const early = module(
    "early.mjs",
    'export default { name: "early", summary: "x", create() { return undefined.x; } };',
  );
  expectOneError(
    await call(["train", "--out", out, ...TINY, "--method", early]),
    3,
    /`create` of the method in .*early\.mjs failed; got the error "Cannot read properties of undefined/,
  );
  expect(existsSync(out)).toBe(false);
  const late = module(
    "late.mjs",
    `export default { name: "late", summary: "x", create: () => ({ ${nothing("train", "endTask", "weights", "state", "restore", "release")},
      state: () => ({ arrays: {}, numbers: {} }),
      beginTask: async () => { throw new TypeError("no luck"); } }) };`,
  );
  const { code, stderr } = await call(["train", "--out", out, ...TINY, "--method", late]);
  expect(stderr).toContain(`continue with:\n  hypercrl train --resume ${out} --method ${late}`);
  expectOneError(
    { code, signal: null, stdout: "", stderr },
    3,
    /`beginTask` of the method in .*late\.mjs failed; got the error "no luck"/,
  );
});

it.each([
  ["an endless device", () => "/dev/zero", /\/dev\/zero is not a file of its own/],
  [
    "a pipe",
    () => {
      const pipe = join(folder, "pipe.mjs");
      execFileSync("mkfifo", [pipe]);
      return pipe;
    },
    /pipe\.mjs is not a file of its own/,
  ],
  ["a folder", () => folder, /is not a file of its own/],
])("%s in place of a module is refused before it is read", async (_, make, wanted) => {
  const path = make();
  for (const flag of ["--suite", "--method", "--planner"])
    expectOneError(await call(["train", "--out", join(folder, "none"), ...TINY, flag, path]), 3, wanted);
});

it("a method that throws in the background is named with what it threw", async () => {
  const method = module(
    "background.mjs",
    `export default { name: "background", summary: "x", create: () => ({ ${nothing("train", "endTask", "weights", "restore", "release")},
      state: () => ({ arrays: {}, numbers: {} }),
      beginTask: async () => { throw new TypeError("no luck"); } }) };`,
  );
  expectOneError(
    await call(["train", "--async", "--out", join(folder, "background"), ...TINY, "--method", method]),
    3,
    /background\.mjs failed; got the error "no luck"\. Correct the module/,
  );
});

it("a planner that throws is named with what it threw", async () => {
  const planner = module(
    "planner.mjs",
    `export default { name: "bad", summary: "x", settings: {}, create: () => ({
      plan: async (cost) => { await null; throw new RangeError("too far"); },
      plans: () => ({ chosen: new Float32Array(0), others: new Float32Array(0) }),
      reset() {}, restore() {}, state: () => ({ rng: { path: "", words: [0, 0, 0, 0] }, arrays: {} }) }) };`,
  );
  expectOneError(
    await call(["train", "--out", join(folder, "planner"), ...TINY, "--planner", planner]),
    3,
    /`plan` of the planner in .*planner\.mjs failed; got the error "too far"/,
  );
});

it.each([
  ["empty", "({})", /Planner empty makes a planner that cannot be used; got plan is undefined/],
  [
    "unsaved",
    "({ ...whole, state: () => ({ rng: {} }) })",
    /Planner unsaved gives a state that cannot be saved/,
  ],
])("a planner that makes something else leaves no folder: %s", async (name, made, message) => {
  const planner = module(
    `${name}.mjs`,
    `const whole = { plan() {}, plans() {}, reset() {}, restore() {} };
    export default { name: "${name}", summary: "x", settings: {}, create: () => ${made} };`,
  );
  const out = join(folder, name);
  expectOneError(await call(["train", "--out", out, ...TINY, "--planner", planner]), 3, message);
  expect(existsSync(out)).toBe(false);
});

it("a method that makes no learner is told with its file", async () => {
  const method = module("no.mjs", 'export default { name: "no", summary: "x", create: () => 3 };');
  expectOneError(
    await call(["train", "--out", join(folder, "no"), ...TINY, "--method", method]),
    3,
    /^error: \S+no\.mjs exports a method that cannot be used: Method no makes a learner that cannot be used; got create/,
  );
});

it("what a module throws where nobody expects it is told as the module's, with its trace on demand", async () => {
  const file = module("odd.mjs", "export default () => { throw new Error('odd'); };");
  const { value } = await importModule(file, { name: "suite", guide: "x" });
  const error = (() => {
    try {
      return (value as () => unknown)();
    } catch (thrown) {
      return thrown;
    }
  })();
  const told = (debug: boolean) => {
    let text = "";
    const code = reportError(error, { ...SILENT_IO, debug, err: (line) => (text += `${line}\n`) });
    return { code, text };
  };
  expect(told(false)).toMatchObject({ code: 3, text: expect.stringMatching(/odd\.mjs failed; got the/) });
  expect(told(false).text).not.toMatch(/bug in hypercrl| {4}at /);
  expect(told(true).text).toMatch(/because of: Error: odd\n {4}at .*odd\.mjs/);
});

it("defaults that cannot be set are told with the file they are in, whatever the command and the profile", async () => {
  const method = module(
    "defaults.mjs",
    'export default { name: "odd", summary: "x", create() {}, defaults: { paper: ["planner.horizn=10"] } };',
  );
  expectOneError(
    await call(["settings", "--method", method]),
    3,
    /^error: \S+defaults\.mjs exports a method that cannot be used: Unknown setting in the defaults of method odd/,
  );
  // A module that is imported by its URL knows compiled files only.
  vi.stubGlobal("reacherSuite", reacherSuite);
  const suite = module(
    "suite.mjs",
    'export default { ...reacherSuite, name: "odd", defaults: { paper: ["seed=9"] } };',
  );
  expectOneError(
    await call(["tasks", "--suite", suite]),
    3,
    /^error: \S+suite\.mjs exports a suite that cannot be used: Setting seed is not for defaults/,
  );
});

it.each([
  ["summary", "'two\\nlines'", /summary is \S+two\S+lines\S+; expected summary: one line/],
  [
    "trainsWithKernel",
    "'yes'",
    /trainsWithKernel is "yes"; expected trainsWithKernel: true, false or nothing/,
  ],
  ["checkSettings", "1", /checkSettings is 1; expected checkSettings: a function, or nothing/],
  ["sharesBase", "1", /sharesBase is 1; expected sharesBase: a function, or nothing/],
  ["revisits", "1", /revisits is 1; expected revisits: true, false or nothing/],
  ["ownMembers", "1", /ownMembers is 1; expected ownMembers: true, false or nothing/],
])("a method with a %s that is no such thing is refused", async (member, value, message) => {
  const parts = { name: "'odd'", summary: "'x'", create: "() => {}", [member]: value };
  const text = Object.entries(parts).map(([key, code]) => `${key}: ${code}`);
  const method = module(`${member}.mjs`, `export default { ${text.join(", ")} };`);
  expectOneError(await call(["settings", "--method", method]), 3, message);
});

it("a module without a method is told what a method must have, and not what it may have", async () => {
  expectOneError(
    await call(["settings", "--method", module("none.mjs", "export default 5;")]),
    3,
    /none\.mjs exports no method; got a default export that is 5; expected an object with name, summary, create\./,
  );
});

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Manifest } from "../../../scripts/sweep/manifest-file.js";
import { checkModules, rememberModules } from "../../../scripts/sweep/trust.js";
import { UsageError } from "../../../sim/core/errors.js";
import { temporaryFolder } from "../../files.js";

const folder = temporaryFolder();
const sweep = join(folder, "sweep");
const state = join(folder, "state/hypercrl/sweeps.json");
mkdirSync(sweep);
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  vi.stubEnv("XDG_STATE_HOME", join(folder, "state"));
  rmSync(state, { force: true });
});

const manifest = (change: Partial<Manifest> = {}): Manifest => ({
  schema: 1,
  suite: "mine",
  profile: "quick",
  assignments: [],
  versions: { hypercrl: "", physics: "", node: "", onnxruntime: "" },
  settings: {},
  runs: [],
  ...change,
});
const withModules = manifest({ suiteFile: "../suite.mjs", methodFiles: { mine: "../method.mjs" } });
const [suite, method] = [join(folder, "suite.mjs"), join(folder, "method.mjs")];

describe("a sweep with modules", () => {
  it("goes on without a word where its modules were chosen", async () => {
    rememberModules(sweep, withModules);
    const ask = vi.fn();
    await checkModules(sweep, withModules, {}, ask);
    expect(ask).not.toHaveBeenCalled();
  });

  it("from elsewhere asks for each, and is refused by name without a yes", async () => {
    const ask = vi.fn(async () => false);
    const refused = checkModules(sweep, withModules, {}, ask);
    await expect(refused).rejects.toBeInstanceOf(UsageError);
    await expect(refused).rejects.toThrow(`got ${suite}, ${method}; expected modules that you trust`);
    await expect(refused).rejects.toThrow("--trust-suite");
    expect(ask).toHaveBeenCalledWith([suite, method]);
    await expect(checkModules(sweep, withModules, {})).rejects.toThrow("not chosen on this machine");
    await checkModules(sweep, withModules, {}, async () => true);
  });

  it("asks for what was exchanged since", async () => {
    rememberModules(sweep, withModules);
    const ask = vi.fn(async () => false);
    const changed = { ...withModules, suiteFile: "../other.mjs" };
    await expect(checkModules(sweep, changed, {}, ask)).rejects.toThrow();
    expect(ask).toHaveBeenCalledWith([join(folder, "other.mjs")]);
  });

  it("takes what the command names itself as chosen", async () => {
    const choice = { suite, methods: [{ method }, { method: "hypercrl" }] };
    await checkModules(sweep, withModules, choice);
    await expect(checkModules(sweep, withModules, { suite })).rejects.toThrow(`got ${resolve(method)};`);
  });
});

it("a sweep without modules needs no trust and leaves no trace", async () => {
  rememberModules(sweep, manifest());
  await checkModules(sweep, manifest(), {});
  expect(existsSync(state)).toBe(false);
});

it("keeps what other sweeps chose, and says what to do with a damaged memory", async () => {
  const other = join(folder, "other");
  mkdirSync(other);
  rememberModules(sweep, withModules);
  rememberModules(other, manifest({ plannerFile: "planner.mjs" }));
  expect(JSON.parse(readFileSync(state, "utf8"))).toEqual({
    [sweep]: [suite, method],
    [other]: [join(other, "planner.mjs")],
  });
  writeFileSync(state, "{");
  await expect(checkModules(sweep, withModules, {})).rejects.toThrow(
    /sweeps\.json is damaged; .*Delete the file/,
  );
});

import { describe, expect, it } from "vitest";
import {
  describeSettings,
  METHODS,
  oneOf,
  parseSettings,
  resolveSettings,
  settingNames,
} from "../../../agent/settings/schema.js";
import { UsageError } from "../../../sim/core/errors.js";

const choice = { suite: "push", method: "hypercrl", profile: "paper", seed: 777, suiteTasks: 5 };
const set = (...assignments: string[]) => resolveSettings(choice, assignments);

/** The error of a call that must fail with a UsageError. */
function usage(call: () => unknown): UsageError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).exitCode).toBe(2);
    return error as UsageError;
  }
  throw new Error("No error was thrown.");
}

describe("profiles", () => {
  it("paper is what the publication used for push", () => {
    const s = set();
    expect([s.suite, s.method, s.profile, s.seed, s.tasks]).toEqual(["push", "hypercrl", "paper", 777, 5]);
    expect(s.loop).toMatchObject({
      stepsPerTask: 4000,
      initialRandomSteps: 2000,
      randomHold: 1,
      trainEvery: 200,
      trainIterations: 2000,
    });
    expect(s.loop.bufferCapacity).toBeGreaterThanOrEqual(6000);
    expect(s.loop.evaluationEpisodes).toBeGreaterThanOrEqual(10);
    expect(s.dynamics).toEqual({
      hidden: [200, 200],
      activation: "relu",
      normalizeTargets: false,
      outputVariance: false,
    });
    expect(s.training).toEqual({ batchSize: 100, clipNorm: 5, engine: "fused" });
    expect(s.hypernetwork).toEqual({
      embedding: 10,
      hidden: [50, 50],
      activation: "elu",
      init: "xavier",
      learningRate: 1e-4,
      embeddingLearningRate: 1e-4,
      endFactor: 1,
      beta: 0.05,
      regularizedTasks: "all",
      coresetSize: 100,
    });
    const mlp = { ewcLambda: 1e4, siStrength: 0.1, siDamping: 1e-3 };
    expect(s.mlp).toEqual({ learningRate: 1e-3, endFactor: 1, coresetSize: 100, ...mlp });
    const published = { name: "cem", horizon: 20, samples: 500, elites: 40, iterations: 5, initialStd: 1 };
    expect(s.planner).toMatchObject({ ...published, warmStart: false, chooseBest: true });
  });

  it("paper is what the publication used for a chunked hypernetwork, and for push-slide", () => {
    const chunked = (suite: string) => resolveSettings({ ...choice, suite, method: "chunked" }).hypernetwork;
    for (const suite of ["push", "door"]) {
      expect(chunked(suite)).toMatchObject({ activation: "relu", beta: 0.005, init: "xavier" });
    }
    const slide = resolveSettings({ ...choice, suite: "push-slide" });
    expect(slide.hypernetwork).toMatchObject({ activation: "relu", beta: 0.5, hidden: [50, 50] });
    const own = resolveSettings({ ...choice, method: "chunked" }, ["hypernetwork.beta=1"]);
    expect(own.hypernetwork.beta).toBe(1);
  });

  it("quick is valid and smaller than paper wherever time is spent", () => {
    const quick = resolveSettings({ ...choice, profile: "quick" });
    const paper = set();
    expect(quick.profile).toBe("quick");
    for (const key of ["initialRandomSteps", "stepsPerTask", "trainIterations"] as const) {
      expect(quick.loop[key], key).toBeLessThan(paper.loop[key]);
    }
    expect(quick.planner.samples * quick.planner.iterations).toBeLessThan(
      paper.planner.samples * paper.planner.iterations,
    );
    const { initialRandomSteps, stepsPerTask, bufferCapacity } = quick.loop;
    expect(bufferCapacity).toBe(initialRandomSteps + stepsPerTask);
    // What decides the comparison of methods is the same in both.
  });

  it.each(METHODS)("accept method %s", (method) => {
    expect(resolveSettings({ ...choice, method }).method).toBe(method);
  });

  it("do not leak into one another: resolving with --set leaves the defaults", () => {
    const before = JSON.stringify(set());
    set("dynamics.hidden=[3]", "planner.samples=77");
    expect(JSON.stringify(set())).toBe(before);
  });
});

describe("a suite's own defaults", () => {
  const door = (profile: string, ...assignments: string[]) =>
    resolveSettings({ ...choice, suite: "door", profile }, assignments);

  it("paper is what the publication used for doors, and --set comes after it", () => {
    const s = door("paper");
    expect(s.loop).toMatchObject({
      initialRandomSteps: 2000,
      stepsPerTask: 60000,
      trainEvery: 200,
      trainIterations: 200,
      bufferCapacity: 62000,
    });
    expect(s.dynamics.hidden).toEqual([200, 200, 200, 200]);
    expect(s.hypernetwork).toMatchObject({ hidden: [256, 256], activation: "relu", beta: 0.5 });
    const published = { name: "cem", horizon: 10, samples: 2000, elites: 40, iterations: 5, initialStd: 0.5 };
    expect(s.planner).toMatchObject(published);
    expect(door("paper", "planner.horizon=12").planner).toEqual({ ...s.planner, horizon: 12 });
  });

  it("quick is smaller and keeps every transition", () => {
    const [quick, paper] = [door("quick"), door("paper")];
    expect(quick.loop.stepsPerTask).toBeLessThan(paper.loop.stepsPerTask);
    expect(quick.loop.bufferCapacity).toBe(quick.loop.initialRandomSteps + quick.loop.stepsPerTask);
  });

  it("are no other suite's", () => {
    const other = resolveSettings({ ...choice, suite: "of-mine" });
    expect({ ...other, suite: "push" }).toEqual(set());
  });
});

describe("--set", () => {
  it("reads numbers, arrays, booleans and bare words", () => {
    const s = set(
      "hypernetwork.beta=0.5",
      "hypernetwork.learningRate=1e-3",
      "dynamics.hidden=[64, 32]",
      "planner.warmStart=true",
      "planner.name=icem",
      'dynamics.activation="tanh"',
      "hypernetwork.regularizedTasks=1",
      " tasks = 3 ",
    );
    expect(s.hypernetwork).toMatchObject({ beta: 0.5, learningRate: 1e-3, regularizedTasks: 1 });
    expect(s.dynamics).toMatchObject({ hidden: [64, 32], activation: "tanh" });
    expect(s.planner).toMatchObject({ warmStart: true, name: "icem" });
    expect(s.tasks).toBe(3);
    expect(
      set("hypernetwork.regularizedTasks=1", "hypernetwork.regularizedTasks=all").hypernetwork
        .regularizedTasks,
    ).toBe("all");
  });

  it("changes nothing else", () => {
    const [plain, changed] = [set(), set("planner.horizon=7")];
    expect(changed).toEqual({ ...plain, planner: { ...plain.planner, horizon: 7 } });
  });

  it.each([
    ["planner.sampels=3", "planner.samples"],
    ["planer.horizon=3", "planner.horizon"],
    ["hypernetwork.betta=1", "hypernetwork.beta"],
    ["loop.stepPerTask=1", "loop.stepsPerTask"],
  ])("rejects %s and suggests %s", (assignment, nearest) => {
    const { details } = usage(() => set(assignment));
    expect(details.got).toBe(`"${assignment.split("=")[0]}"`);
    expect(details.todo).toBe(`Did you mean "${nearest}"?`);
  });

  it.each([
    "planner={}",
    "planner.samples.x=1",
    "__proto__.polluted=1",
    "constructor=1",
    "dynamics.hidden.0=5",
  ])("rejects %s, which is no single setting", (assignment) => {
    expect(usage(() => set(assignment)).message).toMatch(/Unknown setting/);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each(["planner.samples", "=3", ""])("rejects %j, which assigns nothing", (assignment) => {
    expect(usage(() => set(assignment)).message).toMatch(/expected name=value/);
  });

  it.each([
    ["planner.samples=0", "planner.samples", "0"],
    ["planner.samples=2.5", "planner.samples", "2.5"],
    ["planner.samples=many", "planner.samples", '"many"'],
    ["planner.warmStart=yes", "planner.warmStart", '"yes"'],
    ["planner.momentum=1.5", "planner.momentum", "1.5"],
    ["planner.name=lqr", "planner.name", '"lqr"'],
    ["dynamics.hidden=[]", "dynamics.hidden", "[]"],
    ["dynamics.hidden=[8,0]", "dynamics.hidden.1", "0"],
    ["dynamics.hidden=8", "dynamics.hidden", "8"],
    ["hypernetwork.learningRate=0", "hypernetwork.learningRate", "0"],
    ["hypernetwork.beta=-1", "hypernetwork.beta", "-1"],
    ["hypernetwork.beta=null", "hypernetwork.beta", "null"],
    ["hypernetwork.regularizedTasks=some", "hypernetwork.regularizedTasks", '"some"'],
    ["training.clipNorm=0", "training.clipNorm", "0"],
    ["seed=-1", "seed", "-1"],
    ["method=magic", "method", '"magic"'],
  ])("rejects %s, naming the setting and what was given", (assignment, name, got) => {
    const { details } = usage(() => set(assignment));
    expect(details.what).toBe(`Setting ${name} is not valid`);
    expect(details.got).toBe(got);
    expect(details.expected!.length).toBeGreaterThan(3);
  });

  it("rejects more elites than samples, and as many tasks as the suite does not have", () => {
    expect(usage(() => set("planner.samples=30")).message).toMatch(
      /planner.elites.*not above planner.samples/,
    );
    expect(set("planner.samples=40").planner.samples).toBe(40);
    expect(usage(() => set("tasks=6")).message).toMatch(/tasks is out of range; got 6; expected at most 5/);
  });
});

describe("choices", () => {
  it("names the nearest profile and method", () => {
    expect(usage(() => resolveSettings({ ...choice, profile: "quik" })).message).toMatch(
      /Did you mean "quick"/,
    );
    const { details } = usage(() => resolveSettings({ ...choice, method: "finetun" }));
    expect(details).toMatchObject({ what: "Unknown method", todo: 'Did you mean "finetune"?' });
    expect(details.expected).toBe(`one of ${METHODS.join(", ")}`);
    expect(oneOf("colour", "red", ["red", "blue"])).toBe("red");
  });
});

describe("parseSettings", () => {
  it("takes what was resolved, unchanged, also through JSON", () => {
    const settings = set("planner.samples=77");
    expect(parseSettings(JSON.parse(JSON.stringify(settings)), "settings.json")).toEqual(settings);
  });

  it("rejects unknown and missing keys at any depth", () => {
    const settings = set();
    const nested = { ...settings, planner: { ...settings.planner, magic: 1 } };
    expect(usage(() => parseSettings({ ...settings, extra: 1 }, "a.json")).message).toMatch(
      /Unknown key in a\.json; got extra/,
    );
    expect(usage(() => parseSettings(nested, "a.json")).message).toMatch(
      /Unknown key in a\.json at planner; got magic/,
    );
    const { beta: _, ...rest } = settings.hypernetwork;
    const missing = usage(() => parseSettings({ ...settings, hypernetwork: rest }, "a.json"));
    expect(missing.details).toMatchObject({ what: "Setting hypernetwork.beta is not valid", got: "nothing" });
  });

  it.each([null, 3, "text", []])("rejects %j", (value) => {
    const { message } = usage(() => parseSettings(value, "a.json"));
    expect(message).toContain(
      `There are no settings in a.json; got ${JSON.stringify(value)}; expected object`,
    );
  });

  it("freezes the result all the way down", () => {
    const settings = set();
    const frozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(settings)).toBe(true);
    expect(() => {
      (settings.dynamics.hidden as number[]).push(1);
    }).toThrow(TypeError);
  });
});

describe("describeSettings", () => {
  const described = describeSettings();

  it("has the defaults of a suite and of a method", () => {
    const beta = (...of: [suite: string, method?: string]) =>
      describeSettings(...of).find(({ name }) => name === "hypernetwork.beta");
    expect(beta("push", "chunked")).toMatchObject({ quick: "0.05", paper: "0.005" });
    expect(beta("door")).toMatchObject({ quick: "5", paper: "0.5" });
    expect(usage(() => describeSettings("push", "chunkd")).message).toMatch(/Did you mean "chunked"/);
  });

  it("has one line with a sentence for every leaf that --set takes, but the five choices of the command", () => {
    const leaves = settingNames(set()).filter((name) => name.includes("."));
    expect(described.map((d) => d.name)).toEqual(leaves);
    expect(leaves.length).toBeGreaterThan(30);
    for (const { name, text } of described) expect(text, name).toMatch(/^.{10,}\.$/);
    expect(new Set(described.map((d) => d.text)).size).toBeGreaterThan(leaves.length - 4);
  });

  it("prints each profile's default as --set would take it", () => {
    const profiles = { quick: resolveSettings({ ...choice, profile: "quick" }), paper: set() };
    for (const line of described) {
      for (const profile of ["quick", "paper"] as const) {
        const assignment = `${line.name}=${line[profile]}`;
        const base = { ...choice, profile };
        // A draft without the assignment has the same value already.
        expect(resolveSettings(base, [assignment])).toEqual(profiles[profile]);
      }
    }
    expect(described.find((d) => d.name === "planner.name")).toMatchObject({
      quick: '"icem"',
      paper: '"cem"',
    });
  });
});

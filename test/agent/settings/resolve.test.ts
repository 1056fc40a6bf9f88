import { describe, expect, it } from "vitest";
import { changePlanner, resolveSettings } from "../../../agent/settings/resolve.js";
import { InputError } from "../../../sim/core/errors.js";
import { findSuite } from "../../../tasks/registry.js";
import { CATALOG, fakeSuite, METHOD_NAMES } from "../fixtures.js";
import { usage } from "./usage.js";

const choice = { suite: findSuite("push"), method: "hypercrl", profile: "paper", seed: 777 };
const set = (...assignments: string[]) => resolveSettings(choice, assignments, CATALOG);

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
      learningEpisodeSteps: 0,
      learningStarts: "shared",
      learningModel: "ensemble",
      explorationStd: 0,
      evaluateTasks: "all",
      schedule: "once",
      boundaries: "told",
    });
    expect(s.loop.bufferCapacity).toBeGreaterThanOrEqual(6000);
    expect(s.loop.evaluationEpisodes).toBeGreaterThanOrEqual(10);
    expect(s.dynamics).toEqual({
      hidden: [200, 200],
      activation: "relu",
      normalizeTargets: false,
      outputVariance: false,
      history: 0,
      members: 1,
      outlierLimit: 0,
      normalizer: "task",
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
      lookAheadEpsilon: "uncorrected",
      output: "full",
      rank: 4,
      algebra: 2,
      encoding: "none",
      start: "random",
    });
    const mlp = { ewcLambda: 1e4, siStrength: 0.1, siDamping: 1e-3, ftlRidge: 1 };
    expect(s.mlp).toEqual({ learningRate: 1e-3, endFactor: 1, coresetSize: 100, ...mlp });
    const published = { name: "cem", horizon: 20, samples: 500, elites: 40, iterations: 5, initialStd: 1 };
    expect(s.planner).toMatchObject({ ...published, warmStart: false, chooseBest: true });
  });

  it("paper is what the publication used for a chunked hypernetwork, and for push-slide", () => {
    const chunked = (suite: string) =>
      resolveSettings({ ...choice, suite: findSuite(suite), method: "chunked" }, [], CATALOG).hypernetwork;
    for (const suite of ["push", "door"]) {
      expect(chunked(suite)).toMatchObject({ activation: "relu", beta: 0.005, init: "xavier" });
    }
    const slide = resolveSettings({ ...choice, suite: findSuite("push-slide") }, [], CATALOG);
    expect(slide.hypernetwork).toMatchObject({ activation: "relu", beta: 0.5, hidden: [50, 50] });
    const own = resolveSettings({ ...choice, method: "chunked" }, ["hypernetwork.beta=1"], CATALOG);
    expect(own.hypernetwork.beta).toBe(1);
  });

  it("quick is valid and smaller than paper wherever time is spent", () => {
    const quick = resolveSettings({ ...choice, profile: "quick" }, [], CATALOG);
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
  });

  it.each(METHOD_NAMES)("accept method %s", (method) => {
    expect(resolveSettings({ ...choice, method }, [], CATALOG).method).toBe(method);
  });

  it("do not leak into one another: resolving with --set leaves the defaults", () => {
    const before = JSON.stringify(set());
    set("dynamics.hidden=[3]", "planner.samples=77");
    expect(JSON.stringify(set())).toBe(before);
  });
});

describe("a suite's own defaults", () => {
  const door = (profile: string, ...assignments: string[]) =>
    resolveSettings({ ...choice, suite: findSuite("door"), profile }, assignments, CATALOG);

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
    const other = resolveSettings({ ...choice, suite: fakeSuite(5) }, [], CATALOG);
    expect({ ...other, suite: "push" }).toEqual(set());
  });
});

describe("scaled actions", () => {
  const within = (low: number, high: number) => {
    const suite = fakeSuite(1);
    const tasks = suite.tasks.map((task) => ({
      ...task,
      spec: { ...task.spec, action: task.spec.action.map((c) => ({ ...c, low, high })) },
    }));
    return resolveSettings({ ...choice, suite: { ...suite, tasks } }, [], CATALOG).planner.scaleActions;
  };

  it("are planned with where a suite's bounds are not ±1", () => {
    expect([within(-1, 1), within(-10, 10), within(0, 1), within(-1, 2000)]).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  it("may have noise of any size, also for suites that keep their own units, as cartpole does", () => {
    const cartpole = resolveSettings({ ...choice, suite: findSuite("cartpole") }, [], CATALOG);
    expect(cartpole.planner.scaleActions).toBe(false);
    expect(set("planner.initialStd=2000").planner.initialStd).toBe(2000);
  });
});

describe("planner.precision", () => {
  it("is float32 unless int8 is asked for", () => {
    expect(set().planner.precision).toBe("float32");
    expect(set("planner.precision=int8").planner.precision).toBe("int8");
  });

  it.each([
    ["planner.name=gradient", "planner gradient, which plans by derivatives"],
    ["dynamics.hidden=[64]", "hidden layers of 64"],
    ["dynamics.members=3", "an ensemble of 3 networks"],
    ["method=pnn", "method pnn, whose layers have a block for each task"],
  ])("refuses int8 with %s", (assignment, got) => {
    const [name, value = ""] = assignment.split("=");
    const [method, assignments] = name === "method" ? [value, []] : [choice.method, [assignment]];
    const resolve = (precision: string) =>
      resolveSettings({ ...choice, method }, [...assignments, `planner.precision=${precision}`], CATALOG);
    expect(resolve("float32").planner.precision).toBe("float32");
    const { details } = usage(() => resolve("int8"));
    expect(details.what).toBe("Setting planner.precision is not valid");
    expect(details.got).toBe(`int8, and ${got}`);
  });

  it("refuses int8 where a saved model is planned with otherwise", () => {
    const change = (planner: string | undefined, ...assignments: string[]) =>
      changePlanner(set(), planner, assignments, CATALOG);
    expect(change(undefined, "planner.precision=int8").planner.precision).toBe("int8");
    expect(usage(() => change("gradient", "planner.precision=int8")).details.got).toMatch(/gradient/);
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

  it("says whose defaults are wrong, for which the call is not to blame", () => {
    const refused = (call: () => unknown) => {
      try {
        call();
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        return (error as InputError).message;
      }
      throw new Error("No error was thrown.");
    };
    const wrong = (assignment: string) => {
      const suite = { ...fakeSuite(2, "odd"), defaults: { paper: [assignment] } };
      return refused(() => resolveSettings({ ...choice, suite }, [], CATALOG));
    };
    expect(wrong("planner.sampels=3")).toMatch(
      /Unknown setting in the defaults of suite odd; got "planner.sampels"/,
    );
    expect(wrong("planner.samples=0")).toMatch(
      /planner.samples is not valid in the defaults of suite odd; got 0/,
    );
    expect(wrong("planner.samples")).toMatch(/Cannot read an assignment in the defaults of suite odd/);
    const [method] = CATALOG.methods;
    const own = { ...method!, name: "odd", defaults: { paper: ["planner.samples=0"] } };
    const catalog = { ...CATALOG, methods: [own] };
    expect(refused(() => resolveSettings({ ...choice, method: "odd" }, [], catalog))).toMatch(
      /samples is not valid in the defaults of method odd; got 0/,
    );
  });

  it.each(["suite=door", "method=ewc", "profile=paper", "seed=9", " tasks = 1"])(
    "refuses defaults that change the choice itself, as %s does",
    (assignment) => {
      const [first] = CATALOG.methods;
      const method = { ...first!, name: "odd", defaults: { paper: ["planner.samples=3", assignment] } };
      const ofMethod = () =>
        resolveSettings({ ...choice, method: "odd" }, [], { ...CATALOG, methods: [method] });
      const suite = { ...fakeSuite(2, "odd"), defaults: { paper: [assignment] } };
      const ofSuite = () => resolveSettings({ ...choice, suite }, [], CATALOG);
      for (const [resolve, whose] of [
        [ofMethod, "method"],
        [ofSuite, "suite"],
      ] as const) {
        expect(resolve).toThrow(InputError);
        expect(resolve).toThrow(
          new RegExp(`Setting \\w+ is not for defaults, but set in the defaults of ${whose} odd; got "`),
        );
      }
    },
  );

  it("rejects varied starts of a suite that has none", () => {
    const starts = (suite: string) => () =>
      resolveSettings({ ...choice, suite: findSuite(suite) }, ["loop.learningStarts=varied"], CATALOG);
    expect(usage(starts("reacher")).message).toMatch(
      /loop.learningStarts is not valid; got varied, and task \S+ of suite reacher does not say how/,
    );
    for (const suite of ["push", "push-random", "push-slide", "door"]) {
      expect(starts(suite)().loop.learningStarts).toBe("varied");
    }
  });

  it("of noise on what is planned are one number, or one for each action of the suite", () => {
    const set = (suite: string, value: string) => () =>
      resolveSettings({ ...choice, suite: findSuite(suite) }, [`loop.explorationStd=${value}`], CATALOG);
    expect(set("push", "[0.1,0.2]")().loop.explorationStd).toEqual([0.1, 0.2]);
    expect(set("push", "0.1")().loop.explorationStd).toBe(0.1);
    expect(set("push", "[0.1,0.2,0.3]")).toThrow(/loop\.explorationStd does not fit the task; got 3 numbers/);
    expect(set("push", "-1")).toThrow(/explorationStd is not valid.*a number from 0 to 10, or one for each/s);
  });

  it.each([
    ["chunked", "hypernetwork.output=low-rank", "got low-rank, and method chunked; expected full with"],
    [
      "chunked",
      "hypernetwork.output=hypercomplex",
      "got hypercomplex, and method chunked; expected full with",
    ],
    ["chunked", "hypernetwork.init=base", "got base, and method chunked; expected xavier or hyperfan"],
    [
      "replay-hypernet",
      "hypernetwork.output=low-rank",
      "got low-rank, and method replay-hypernet; expected full or hypercomplex with",
    ],
    ["multitask-hypernet", "hypernetwork.output=low-rank", "expected full or hypercomplex with this method"],
    [
      "single-hypernet",
      "hypernetwork.start=nearest",
      "got nearest, and method single-hypernet; expected random with",
    ],
    ["replay-hypernet", "hypernetwork.start=composition", "expected random with this method"],
    ["multitask-hypernet", "hypernetwork.start=nearest", "choose method hypercrl or chunked"],
    ["hypercrl", "hypernetwork.start=far", "start is not valid.*one of random, nearest, composition"],
    ["hypercrl", "hypernetwork.output=half", "output is not valid.*one of full, low-rank, hypercomplex"],
    ["hypercrl", "hypernetwork.rank=0", "rank is not valid"],
  ])("rejects what the hypernetwork of %s cannot generate: %s", (method, assignment, message) => {
    const resolve = () => resolveSettings({ ...choice, method }, [assignment], CATALOG);
    expect(usage(resolve).message).toMatch(new RegExp(message, "s"));
  });

  it("rejects a rank or an algebra that the layers are too small for, where it is used", () => {
    const set =
      (...assignments: string[]) =>
      () =>
        resolveSettings(choice, ["dynamics.hidden=[6,8]", ...assignments], CATALOG);
    expect(usage(set("hypernetwork.output=low-rank", "hypernetwork.rank=9")).message).toMatch(
      /hypernetwork.rank is out of range; got 9; expected at most 8, the size of the largest hidden layer/,
    );
    expect(set("hypernetwork.output=low-rank", "hypernetwork.rank=8")().hypernetwork.rank).toBe(8);
    expect(usage(set("hypernetwork.output=hypercomplex", "hypernetwork.algebra=7")).message).toMatch(
      /hypernetwork.algebra is out of range; got 7; expected at most 6, the size of the smallest hidden layer/,
    );
    expect(set("hypernetwork.rank=9", "hypernetwork.algebra=7")().hypernetwork.output).toBe("full");
  });

  it("rejects history of a suite that names nothing that moves", () => {
    const history = (suite: string) => () =>
      resolveSettings({ ...choice, suite: findSuite(suite) }, ["dynamics.history=2"], CATALOG);
    expect(usage(history("reacher")).message).toMatch(
      /dynamics.history is not valid; got 2, and suite reacher names nothing that moves; expected 0/,
    );
    for (const suite of ["push", "push-random", "push-slide"])
      expect(history(suite)().dynamics.history).toBe(2);
  });

  it("rejects as many tasks as the suite does not have", () => {
    expect(usage(() => set("tasks=6")).message).toMatch(/tasks is out of range; got 6; expected at most 5/);
  });
});

describe("choices", () => {
  it("names the nearest profile and method", () => {
    expect(usage(() => resolveSettings({ ...choice, profile: "quik" }, [], CATALOG)).message).toMatch(
      /Did you mean "quick"/,
    );
    const { details } = usage(() => resolveSettings({ ...choice, method: "finetun" }, [], CATALOG));
    expect(details).toMatchObject({ what: "Unknown method", todo: 'Did you mean "finetune"?' });
    expect(details.expected).toBe(`one of ${METHOD_NAMES.join(", ")}`);
    expect(usage(() => resolveSettings({ ...choice, planner: "ice" }, [], CATALOG)).message).toMatch(
      /Unknown planner; got "ice".*Did you mean "icem"/,
    );
  });
});

describe("changePlanner", () => {
  const learned = set("planner.samples=77");
  const change = (planner: string | undefined, ...assignments: string[]) =>
    changePlanner(learned, planner, assignments, CATALOG);

  it("changes settings of the planner, or the planner, and nothing else", () => {
    expect(change(undefined)).toEqual(learned);
    expect(JSON.stringify(change(undefined))).toBe(JSON.stringify(learned));
    expect(change("icem", "planner.horizon=7")).toEqual({
      ...learned,
      planner: { ...learned.planner, name: "icem", horizon: 7 },
    });
  });

  it("refuses anything that is not the planner's", () => {
    expect(usage(() => change(undefined, "loop.trainEvery=1")).message).toMatch(/Only the planner/);
    expect(usage(() => change("lqr")).message).toMatch(/planner.name is not valid; got "lqr"/);
  });
});

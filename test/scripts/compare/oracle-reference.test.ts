import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { describeSuite, hashTask } from "../../../agent/run/suite-record.js";
import { oracleSettings } from "../../../agent/settings/oracle.js";
import { type OracleReference, readOracleReference } from "../../../scripts/compare/oracle-file.js";
import { findOracle, whyStale } from "../../../scripts/compare/oracle-reference.js";
import { evaluateOracle } from "../../../scripts/evaluate/evaluate-oracle.js";
import { builtinCatalog } from "../../../scripts/parts/catalog.js";
import { InputError } from "../../../sim/core/errors.js";
import type { TaskSuite } from "../../../sim/task.js";
import { initPhysics, physicsVersion } from "../../../sim/world.js";
import { doorSuite } from "../../../tasks/door/door.js";
import { pushSuite } from "../../../tasks/push/push.js";
import { builtinSuites } from "../../../tasks/registry.js";
import { temporaryFolder } from "../../files.js";
import { pointSuite, pointTask } from "../../tasks/point-task.js";
import { madeReference } from "./made-reference.js";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const names = pushSuite.tasks.map(({ name }) => name);
const push = madeReference("push", names, [-16, -12, -10, -12, -13], [392, 412, 406, 417, 411]);
const write = (name: string, reference: object) => {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(reference));
  return path;
};

describe("a reference", () => {
  const runs = { suite: "push", tasks: names, record: undefined };

  it("gives the figures of as many tasks as the runs learn", () => {
    const path = write("push.json", push);
    expect(findOracle({ ...runs, tasks: names.slice(0, 2) }, path)).toEqual({
      oracle: {
        ...{ tasks: ["500-500", "100-500"], random: [-16, -12], returns: [392, 412], success: [0.5, 0.5] },
        counts: { success: { count: 2, of: 4 } },
        measured: {
          random: [
            [-17, -15],
            [-13, -11],
          ],
          returns: [
            [391, 393],
            [411, 413],
          ],
        },
        ...{ episodes: 2, planner: "icem", physics: "rapier 1" },
      },
    });
  });

  it("is read also where it was written before holding the last reward was a setting of the planner", () => {
    const path = write("earlier.json", { ...push, holdReward: true });
    expect(findOracle(runs, path)).toMatchObject({ oracle: { returns: [392, 412, 406, 417, 411] } });
  });

  it("is refused where it is of another suite, other tasks, specs or files", () => {
    expect(whyStale(push, runs)).toBeUndefined();
    expect(whyStale(push, { ...runs, suite: "door" })).toBe("suite push");
    expect(whyStale(push, { ...runs, tasks: [...names, "more"] })).toBe("task 6 is missing, not more");
    const [first, ...rest] = push.tasks;
    const older = { ...push, tasks: [{ ...first!, spec: "0".repeat(64) }, ...rest] };
    expect(whyStale(older, runs)).toBe("another spec of task 500-500");
    const path = write("older.json", older);
    expect(() => findOracle(runs, path)).toThrow(InputError);
    expect(() => findOracle(runs, path)).toThrow(/not the oracle of these runs; got another spec of task/);
    const mine = { ...push, suite: "mine", modules: { "suite.mjs": "a" } };
    const record = { ...describeSuite(pushSuite, 5, { "suite.mjs": "a" }), suite: "mine" };
    expect(whyStale(mine, { suite: "mine", tasks: names, record })).toBeUndefined();
    const changed = { ...record, modules: { "suite.mjs": "b" } };
    expect(whyStale(mine, { suite: "mine", tasks: names, record: changed })).toBe(
      "other contents of suite.mjs",
    );
  });

  it("is compared with what a run has noted rather than with the suite of today", () => {
    const { episodeSteps, ...spec } = pushSuite.tasks[0]!.spec;
    const then = {
      ...pushSuite,
      tasks: pushSuite.tasks.map((task) => ({ ...task, spec: { ...spec, episodeSteps: 7 } })),
    };
    const record = describeSuite(then, 5, undefined);
    expect(episodeSteps).toBe(120);
    expect(whyStale(push, { ...runs, record })).toBe("another spec of task 500-500");
  });

  it("of another revision is of another suite; runs that noted nothing are of the first", () => {
    const doors = { suite: "door", tasks: doorSuite.tasks.map(({ name }) => name) };
    const now = describeSuite(doorSuite, 5, undefined);
    expect(now.tasks[0]!.spec.revision).toBe(2);
    const first = {
      ...now,
      tasks: now.tasks.map(({ name, spec: { revision: _, ...spec } }) => ({ name, spec })),
    };
    const older = readOracleReference("docs/results/door-earlier/oracle.json");
    const stale = "another spec of task pull";
    expect(whyStale(older, { ...doors, record: undefined })).toBeUndefined();
    expect(whyStale(older, { ...doors, record: first })).toBeUndefined();
    expect(whyStale(older, { ...doors, record: now })).toBe(stale);
    const newer = {
      ...older,
      tasks: older.tasks.map((one, i) => ({ ...one, spec: hashTask(now.tasks[i]!) })),
    };
    expect(whyStale(newer, { ...doors, record: now })).toBeUndefined();
    expect(whyStale(newer, { ...doors, record: undefined })).toBe(stale);
  });

  it("that lies in a folder of the runs is passed over with a word when it is stale", () => {
    const inside = join(folder, "sweep");
    mkdirSync(inside);
    writeFileSync(join(inside, "oracle.json"), JSON.stringify(push));
    expect(findOracle(runs, undefined, [inside])).toMatchObject({
      oracle: { returns: [392, 412, 406, 417, 411] },
    });
    const other = { suite: "wheels", tasks: ["light"], record: undefined };
    expect(findOracle(other, undefined, [inside])).toEqual({
      none: "its reference is not of this suite: suite push",
    });
    expect(findOracle(other, undefined)).toEqual({
      none: "no reference is known; `hypercrl evaluate --oracle --suite FILE --out FOLDER/oracle.json` makes one",
    });
  });

  it("whose episodes had varied starts is passed over with a word, and refused when it was named", () => {
    const { firstStart: _, ...rest } = push;
    const inside = join(folder, "varied");
    mkdirSync(inside);
    const path = write("varied/oracle.json", { ...rest, starts: "varied", startSeed: 7 });
    expect(findOracle(runs, undefined, [inside])).toEqual({
      none: "its reference is of varied starts, not of the published ones",
    });
    const named = () => findOracle(runs, path);
    expect(named).toThrow(InputError);
    expect(named).toThrow(
      /oracle\.json is no reference for runs; got figures of episodes from varied starts; expected figures from the published starts.*without --starts/,
    );
    // Without a word of its starts a file is of the published ones, and must say which.
    expect(() => findOracle(runs, write("startless.json", rest))).toThrow(/is damaged; got firstStart/);
  });

  it("that is missing, damaged or of another kind is bad input", () => {
    expect(() => findOracle(runs, join(folder, "none.json"))).toThrow(
      /none\.json is missing; expected a file/,
    );
    expect(() => findOracle(runs, write("cut.json", { schema: 1 }))).toThrow(/cut\.json is damaged/);
    const { seed: _, ...rest } = push;
    expect(() => readOracleReference(write("seedless.json", rest))).toThrow(/damaged; got seed/);
  });
});

describe("the references of the package", async () => {
  await initPhysics();
  const pathOf = ({ name }: TaskSuite) => join("tasks", name, "oracle.json");
  const kept = builtinSuites.filter((suite) => existsSync(pathOf(suite)));

  it("are kept for suites of the package", () => {
    expect(kept.map(({ name }) => name)).toContain("reacher");
  });

  it.each(kept)("$name: belong to the suite and its settings as they are now", (suite) => {
    const reference = JSON.parse(readFileSync(pathOf(suite), "utf8")) as OracleReference;
    const tasks = suite.tasks.map(({ name }) => name);
    const record = describeSuite(suite, tasks.length, undefined);
    expect(whyStale(reference, { suite: suite.name, tasks, record })).toBeUndefined();
    const { seed } = reference;
    const settings = oracleSettings(suite, { seed, assignments: [] }, builtinCatalog);
    expect(settings.planner).toMatchObject(reference.planner);
    for (const { task, random, oracle } of reference.tasks) {
      expect(oracle.return.mean, task).toBeGreaterThan(random.return.mean);
    }
  });

  // A change of masses, frictions or rewards is in no spec, and in every return.
  it.for(kept)("$name: physics and rewards are still those of its figures", async (suite, { skip }) => {
    const reference = JSON.parse(readFileSync(pathOf(suite), "utf8")) as OracleReference;
    // Another build of the engine has other bits, and after a hundred steps other episodes.
    if (reference.versions.physics !== physicsVersion()) skip();
    const stop = new AbortController();
    // The random policy alone: the oracle plays no step.
    const first = { ...suite, tasks: suite.tasks.slice(0, 1) };
    const { tasks } = await evaluateOracle({
      ...{ suite: first, seed: reference.seed, episodes: 1, threads: 1, signal: stop.signal },
      settings: {
        "planner.samples": 2,
        "planner.elites": 1,
        "planner.horizon": 1,
        "planner.iterations": 1,
      },
      onStep: () => stop.abort(),
    });
    expect(tasks[0]!.random.map((episode) => episode.return)).toEqual([
      reference.tasks[0]!.random.episodes[0]!.return,
    ]);
  });
});

it("settings of the oracle do not depend on what a suite changes for models that are learned", () => {
  const suite = { ...pointSuite(pointTask()), defaults: { quick: ["planner.horizon=3"] } };
  const given = { seed: 1, assignments: [] };
  expect(oracleSettings(suite, given, builtinCatalog).planner).toMatchObject({
    ...{ name: "icem", horizon: 20, samples: 32 },
  });
  const own = { ...suite, oracle: ["planner.horizon=4", "planner.holdReward=true"] };
  expect(oracleSettings(own, given, builtinCatalog)).toMatchObject({
    planner: { horizon: 4, samples: 32, holdReward: true },
  });
  const asked = { ...given, planner: "mppi", assignments: ["planner.horizon=5", "planner.holdReward=false"] };
  expect(oracleSettings(own, asked, builtinCatalog)).toMatchObject({
    planner: { name: "mppi", horizon: 5, samples: 32, holdReward: false },
  });
});

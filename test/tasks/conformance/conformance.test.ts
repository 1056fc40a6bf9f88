import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { graphRewards } from "../../../agent/rollout/graph-reward.js";
import { InputError } from "../../../sim/core/errors.js";
import { Environment } from "../../../sim/environment.js";
import { initPhysics } from "../../../sim/world.js";
import { checkRule, checkSuite, taskRules } from "../../../tasks/conformance/conformance.js";
import { builtinSuites } from "../../../tasks/registry.js";
import { take } from "../../take.js";
import { breakages, DAMPING, pointSuite, pointTask, SLOW, withinTurn } from "../point-task.js";

const all = builtinSuites.flatMap((suite) =>
  suite.tasks
    // The first is checked against every rule where the suite is, below.
    .filter((_, j) => j > 0)
    // Of twenty tasks that differ in one density alone, the last, and one between it and the first.
    .filter((_, i, { length }) => suite.name !== "push-random" || [9, length - 1].includes(i))
    .map((task) => [`${suite.name}/${task.name}`, suite, task] as const),
);

beforeAll(initPhysics);

describe.each(all)("%s", (_, suite, task) => {
  test.each(taskRules)("$name", async (rule) => {
    await expect(checkRule(rule, task, suite.name, graphRewards)).resolves.toBeUndefined();
  });
});

describe("builtin suites", () => {
  test.each(builtinSuites.map((suite) => [suite.name, suite] as const))("%s is a suite", async (_, suite) => {
    const first = { ...suite, tasks: suite.tasks.slice(0, 1) };
    expect(await checkSuite(first, suite.name, graphRewards)).toBe(first);
    const layouts = suite.tasks.map(({ spec }) => JSON.stringify(spec));
    expect(new Set(layouts).size).toBe(1);
  });

  test("a snapshot of another task is refused, and stepping after close fails", () => {
    const open: Environment[] = [];
    for (const suite of builtinSuites) {
      const [first, second] = take(2, suite.tasks);
      const a = new Environment(first);
      const b = new Environment(second);
      open.push(a, b);
      a.reset(1);
      b.reset(1);
      expect(() => b.scene.restore(a.scene.snapshot()), suite.name).toThrow(InputError);
      a.close();
      expect(() => a.step(a.task.spec.action.map(() => 0)), suite.name).toThrow();
    }
    for (const environment of open) environment.close();
  });
});

describe("a task that breaks a rule", () => {
  const failure = async (value: unknown): Promise<InputError> => {
    const error: unknown = await checkSuite(value, "mine.mjs", graphRewards).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    return error as InputError;
  };
  afterEach(() => breakages.reset());

  test("none is broken by the sound task they are made from", async () => {
    const suite = pointSuite(pointTask());
    expect(await checkSuite(suite, "mine.mjs", graphRewards)).toBe(suite);
  });

  test("nor by a sound task whose episodes end by themselves, soon or at the first step", async () => {
    for (const most of [1.2, 1.0001]) {
      const suite = pointSuite(pointTask({ terminated: withinTurn(most) }));
      expect(await checkSuite(suite, "mine.mjs", graphRewards)).toBe(suite);
    }
  });

  test("nor by a sound task that names outcomes", async () => {
    const suite = pointSuite(pointTask({ task: { outcomes: [SLOW, { ...SLOW, name: "still" }] } }));
    expect(await checkSuite(suite, "mine.mjs", graphRewards)).toBe(suite);
  });

  test("nor by sound tasks that differ in a parameter", async () => {
    const [light, heavy] = [DAMPING, { ...DAMPING, value: 0.5 }].map((parameter, i) =>
      pointTask({ task: { name: `wheel${i}`, parameters: [parameter] } }),
    );
    const suite = pointSuite(light!, heavy!);
    expect(await checkSuite(suite, "mine.mjs", graphRewards)).toBe(suite);
  });

  test("nor by a sound task that varies its starts for learning", async () => {
    const learning = pointTask({
      learning: (_, state) => ({ reset: (random) => state.set([3 * random(), random()]) }),
    });
    expect(await checkSuite(pointSuite(learning), "mine.mjs", graphRewards)).toBeDefined();
  });

  test.each(breakages.list)("$rule: $title", async ({ rule, suite, got }) => {
    const { message, details } = await failure(suite());
    expect(details.what).toMatch(new RegExp(`breaks the rule "${rule}"$`));
    expect(details.got).toMatch(got);
    expect(details.expected!.length).toBeGreaterThan(10);
    expect(message).toContain("docs/guides/own-suite.md");
  });

  test("defaults that are no lists of assignments are refused", async () => {
    const { details } = await failure({
      ...pointSuite(pointTask()),
      defaults: { quick: "planner.horizon=10" },
    });
    expect(details.what).toBe('mine.mjs breaks the rule "suite"');
    expect(details.got).toContain("planner.horizon=10");
  });

  test("every rule is broken by one of them", () => {
    const broken = new Set(breakages.list.map(({ rule }) => rule));
    expect([...broken].sort()).toEqual(
      [...taskRules.map(({ name }) => name), "same-layout", "same-parameters", "suite"].sort(),
    );
  });

  test("the message names suite and task, and an error of the task's own is the cause", async () => {
    const cause = new TypeError("no such wheel");
    const task = pointTask({
      scene: (scene) => ({
        ...scene,
        advance: () => {
          throw cause;
        },
      }),
    });
    const error = await failure(pointSuite(task));
    expect(error.details.what).toBe('Task light of suite point breaks the rule "episode"');
    expect(error.details.got).toBe('the error "no such wheel"');
    expect(error.cause).toBe(cause);
  });
});

import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseSavedSettings, parseSettings } from "../../../agent/settings/parse.js";
import { resolveAll, resolveSettings } from "../../../agent/settings/resolve.js";
import { savedCatalog } from "../../../agent/settings/saved-catalog.js";
import { findSuite } from "../../../tasks/registry.js";
import { CATALOG } from "../fixtures.js";
import { usage } from "./usage.js";

const choice = { suite: findSuite("push"), method: "hypercrl", profile: "paper", seed: 777 };
const set = (...assignments: string[]) => resolveAll(choice, assignments, CATALOG);

describe("parseSettings", () => {
  it("takes what was resolved, unchanged, also through JSON", () => {
    const settings = set("planner.samples=77");
    expect(parseSettings(JSON.parse(JSON.stringify(settings)), "settings.json", CATALOG)).toEqual(settings);
  });

  it("rejects unknown and missing keys at any depth", () => {
    const settings = set();
    const nested = { ...settings, planner: { ...settings.planner, magic: 1 } };
    expect(usage(() => parseSettings({ ...settings, extra: 1 }, "a.json", CATALOG)).message).toMatch(
      /Unknown key in a\.json; got extra/,
    );
    expect(usage(() => parseSettings(nested, "a.json", CATALOG)).message).toMatch(
      /Unknown key in a\.json at planner; got magic/,
    );
    const { beta: _, ...rest } = settings.hypernetwork;
    const missing = usage(() => parseSettings({ ...settings, hypernetwork: rest }, "a.json", CATALOG));
    expect(missing.details).toMatchObject({ what: "Setting hypernetwork.beta is not valid", got: "nothing" });
  });

  it.each([null, 3, "text", []])("rejects %j", (value) => {
    const { message } = usage(() => parseSettings(value, "a.json", CATALOG));
    expect(message).toContain(
      `There are no settings in a.json; got ${JSON.stringify(value)}; expected an object`,
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

describe("a setting of several kinds of values", () => {
  it.each([
    ["planner.holdReward", "0", "true, false, or a whole number from 1 to 100000"],
    ["planner.holdReward", '"long"', "true, false, or a whole number from 1 to 100000"],
    ["planner.holdReward", "0.5", "true, false, or a whole number from 1 to 100000"],
    ["planner.knots", "1", "0, or a whole number from 2 to 1000"],
    ["planner.initialStd", "0", "a number in (0, 1000000], or one for each action"],
    ["hypernetwork.regularizedTasks", '"some"', '"all", or a whole number from 1'],
  ])("%s says all of them when it is %s", (name, got, expected) => {
    const { details } = usage(() => set(`${name}=${got}`));
    expect(details).toMatchObject({ what: `Setting ${name} is not valid`, got, expected });
  });

  it("says what its schema says where it has no words of its own", () => {
    const kinds = {
      keep: z
        .union([z.boolean(), z.int().min(1)])
        .default(true)
        .describe("What is kept."),
    };
    const catalog = { ...CATALOG, methods: [...CATALOG.methods, { name: "mine", settings: kinds }] };
    const keeping = (value: string) =>
      usage(() => resolveSettings({ ...choice, method: "mine" }, [`mine.keep=${value}`], catalog)).details;
    expect(keeping('"x"')).toMatchObject({ expected: "true or false or a number" });
    expect(keeping("0")).toMatchObject({ expected: "a number of at least 1" });
    const { details } = usage(() => set("planner.samples=1.5"));
    expect(details).toMatchObject({ got: "1.5", expected: "a whole number" });
    expect(usage(() => set("planner.samples=ten")).details).toMatchObject({ expected: "a number" });
  });
});

describe("parseSavedSettings", () => {
  const own = { keep: z.int().min(1).default(3).describe("Transitions kept.") };
  const glance = { glances: z.int().min(1).default(2).describe("Glances ahead.") };
  const more = {
    methods: [...CATALOG.methods, { name: "mine", settings: own }],
    planners: [...CATALOG.planners, { name: "looking", settings: glance }],
  };
  const mine = resolveSettings({ ...choice, method: "mine", planner: "looking" }, [], more);

  it("takes what a method and a planner of one's own have, in the same order, without them", () => {
    expect(mine).toMatchObject({ method: "mine", mine: { keep: 3 } });
    expect(mine.planner).toMatchObject({ name: "looking", glances: 2 });
    const text = JSON.stringify(mine);
    expect(JSON.stringify(parseSavedSettings(JSON.parse(text), "a.json"))).toBe(text);
    expect(JSON.stringify(parseSettings(JSON.parse(text), "a.json", savedCatalog(mine, more)))).toBe(text);
    expect(usage(() => parseSettings(JSON.parse(text), "a.json", CATALOG)).message).toContain("mine");
  });

  it("checks what every run has", () => {
    const wrong = (change: object) =>
      usage(() => parseSavedSettings({ ...mine, ...change }, "a.json")).message;
    expect(wrong({ extra: 1 })).toMatch(/Unknown key in a\.json; got extra/);
    expect(wrong({ method: 3 })).toMatch(/method is not valid; got 3/);
    expect(wrong({ planner: { ...mine.planner, samples: 0 } })).toMatch(
      /planner.samples is not valid; got 0/,
    );
    const builtin = { ...set(), planner: { ...set().planner, glances: 2 } };
    expect(usage(() => parseSavedSettings(builtin, "a.json")).message).toMatch(
      /Unknown key in a\.json at planner; got glances/,
    );
  });
});

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { configuredShape } from "../agent/methods/method.js";
import { generatedCount, hypernetworkParameters } from "../agent/model/hypernetwork.js";
import { weightCount } from "../agent/model/network.js";
import { parameterCount } from "../agent/model/parameters.js";
import { resolveSettings } from "../agent/settings/resolve.js";
import { SILENT_IO } from "../scripts/cli/io.js";
import { createProgram } from "../scripts/cli/program.js";
import { builtinCatalog } from "../scripts/parts/catalog.js";
import { elementAt } from "../sim/core/element.js";
import { findNamed } from "../sim/core/one-of.js";
import { initPhysics } from "../sim/world.js";
import { commandBlocks, pages, partsOf, wordsOf } from "./documents.js";
import { take } from "./take.js";

/** The name that a heading has in an address, as GitHub makes it. */
const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[`*]/g, "")
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

const anchorsOf = (page: string) =>
  new Set([...withoutCode(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => slug(heading)));

const withoutCode = (page: string) => readFileSync(page, "utf8").replace(/```[\s\S]*?```/g, "");

describe.each(pages)("%s", (page) => {
  it("links to what exists", () => {
    const broken = [...withoutCode(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^(https?|mailto):/.test(target))
      .filter((target) => {
        const [file = "", anchor] = target.split("#");
        const path = file === "" ? page : join(dirname(page), file);
        return !existsSync(path) || (anchor !== undefined && !anchorsOf(path).has(anchor));
      });
    expect(broken).toEqual([]);
  });

  it("names commands, options and scripts that exist", () => {
    const unknown = commandBlocks(page)
      .flatMap(({ commands }) => commands.flatMap(partsOf))
      .flatMap(unknownIn);
    expect(unknown).toEqual([]);
  });
});

it("the README is read in a few minutes", () => {
  expect(readFileSync("README.md", "utf8").split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(900);
});

it("every page of docs can be reached from its index", () => {
  const seen = new Set<string>();
  const open = ["README.md"];
  for (let page = open.pop(); page !== undefined; page = open.pop()) {
    if (seen.has(page) || !page.endsWith(".md")) continue;
    seen.add(page);
    for (const [, target = ""] of withoutCode(page).matchAll(/\]\(([^)\s#]+)[^)]*\)/g))
      if (!target.includes(":")) open.push(join(dirname(page), target));
  }
  expect(pages.filter((page) => !seen.has(page))).toEqual([]);
});

it("every diagram is drawn from its text", () => {
  expect(() => execFileSync(process.execPath, ["docs/diagrams/make.mjs", "--check"])).not.toThrow();
});

describe("the widths of a plain network as large as the hypernetwork", () => {
  const page = readFileSync("docs/guides/compare.md", "utf8");

  it.each(["push", "door"])("are those that the settings of %s call for", async (name) => {
    await initPhysics();
    const suite = findNamed("suite", name, builtinCatalog.suites);
    const choice = { suite, method: "hypercrl", profile: "quick", seed: 1 };
    const settings = resolveSettings(choice, [], builtinCatalog);
    const dynamics = configuredShape(settings, elementAt(suite.tasks, 0, "tasks"));
    const [inputs, width, , outputs] = take(4, dynamics.sizes);
    const theta = parameterCount(hypernetworkParameters({ ...settings.hypernetwork, target: dynamics }));
    const weightsOf = (w: number) => weightCount({ ...dynamics, sizes: [inputs, w, w, outputs] });
    let w = width;
    while (Math.abs(weightsOf(w + 1) - theta) < Math.abs(weightsOf(w) - theta)) w++;
    const figures = [inputs, outputs, weightCount(dynamics), theta, w, weightsOf(w)];
    const row = figures.map((figure) => figure.toLocaleString("en")).join(" | ");
    expect(page).toContain(`\n| ${name} | ${row} |\n`);
    expect(page).toContain(name === "push" ? `[${w}, ${w}]` : `and ${w} in place of`);
  });
});

describe("the sizes of what a hypernetwork generates", () => {
  const page = readFileSync("docs/guides/hypernetworks.md", "utf8");
  const rows = [
    ["`full`", []],
    ["`low-rank`, r = 4", ["hypernetwork.output=low-rank"]],
    ["`low-rank`, r = 8", ["hypernetwork.output=low-rank", "hypernetwork.rank=8"]],
    ["`hypercomplex`, n = 2", ["hypernetwork.output=hypercomplex"]],
    ["`hypercomplex`, n = 4", ["hypernetwork.output=hypercomplex", "hypernetwork.algebra=4"]],
    ["`init=base`, `encoding=angles`", ["hypernetwork.init=base", "hypernetwork.encoding=angles"]],
  ] as const;

  it.each(rows)("are those of the published sizes: %s", async (name, changes) => {
    await initPhysics();
    const figures = ["push", "door"].flatMap((suiteName) => {
      const suite = findNamed("suite", suiteName, builtinCatalog.suites);
      const choice = { suite, method: "hypercrl", profile: "paper", seed: 1 };
      const plain = ["dynamics.outputVariance=false", ...changes];
      const settings = resolveSettings(choice, plain, builtinCatalog);
      const target = configuredShape(settings, elementAt(suite.tasks, 0, "tasks"));
      const shape = { ...settings.hypernetwork, target };
      return [generatedCount(shape), parameterCount(hypernetworkParameters(shape))];
    });
    const row = figures.map((figure) => figure.toLocaleString("en")).join(" | ");
    expect(page).toContain(`\n| ${name} | ${row} |\n`);
  });
});

/** What a command names that does not exist. */
function unknownIn(command: string): string[] {
  const [program, ...words] = wordsOf(command);
  if (program === "npm") return words[0] === "run" ? missingScript(words[1]) : [];
  if (program !== "npx") return [];
  const [tool, ...rest] = words;
  if (tool === "vitest") return rest.filter((word) => word.startsWith("test/") && !existsSync(word));
  return tool === "hypercrl" ? unknownOptions(rest) : [`${command}: ${tool}`];
}

function missingScript(name = ""): string[] {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  return name in scripts ? [] : [`npm run ${name}`];
}

function unknownOptions([name = "", ...words]: readonly string[]): string[] {
  const program = createProgram(SILENT_IO, () => {});
  if (name === "--help") return [];
  const command = program.commands.find((known) => known.name() === name);
  if (command === undefined) return [`hypercrl ${name}`];
  const known = new Set(command.options.flatMap(({ long, short }) => [long, short]));
  return words
    .filter((word) => word.startsWith("-") && !/^-\d/.test(word))
    .map((word) => word.split("=")[0] ?? word)
    .filter((word) => !known.has(word) && word !== "--help")
    .map((word) => `hypercrl ${name} ${word}`);
}

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const FOLDERS = ["sim", "tasks", "planners", "agent", "scripts", "test"] as const;

interface Source {
  /** From the root, with slashes. */
  readonly path: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly string[];
}

/** Code without comments and without the text of strings, which may mention anything; imports are read before. */
const withoutComments = (text: string) =>
  text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`\\])\/\/.*$/gm, "$1");
const withoutStrings = (code: string) => code.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');

/** Module names of static imports, re-exports, bare and dynamic imports. */
function importsOf(code: string): string[] {
  const pattern =
    /\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']|\brequire\(\s*["']([^"']+)["']/g;
  return [...code.matchAll(pattern)].map((m) => m[1] ?? m[2] ?? m[3]!);
}

const sources: Source[] = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.[cm]?[jt]sx?$/.test(name))
    .map((name) => {
      const path = `${folder}/${name.replaceAll("\\", "/")}`;
      const code = withoutComments(readFileSync(join(ROOT, path), "utf8"));
      return { path, code, imports: importsOf(code) };
    }),
);

/** Our own files that a source imports, from the root and as `.ts`. */
const ours = ({ path, imports }: Source): string[] =>
  imports
    .filter((name) => name.startsWith("."))
    .map((name) =>
      relative(ROOT, join(ROOT, dirname(path), name))
        .replaceAll("\\", "/")
        .replace(/\.js$/, ".ts"),
    );

const within = (folder: string) => sources.filter((s) => s.path.startsWith(`${folder}/`));

/** Imports of a folder's files that none of the prefixes allows, as `file -> import`. */
const forbidden = (folder: string, allowed: readonly string[]) =>
  within(folder).flatMap((s) =>
    ours(s)
      .filter((target) => !allowed.some((prefix) => target.startsWith(prefix)))
      .map((target) => `${s.path} -> ${target}`),
  );

describe("reading of imports", () => {
  it("finds every form", () => {
    const code = [
      'import a from "./a.js";',
      "import { b,\n  c } from './b.js';",
      'import type { d } from "d";',
      'import "./e.js";',
      'export * from "./f.js";',
      'await import("./g.js");',
      '// import "./no.js";',
      '/* import "./no.js"; */',
      'const url = "https://example.org"; import h from "./h.js";',
    ].join("\n");
    const wanted = ["./a.js", "./b.js", "d", "./e.js", "./f.js", "./g.js", "./h.js"];
    expect(importsOf(withoutComments(code))).toEqual(wanted);
  });

  it("sees all folders, and every import of ours leads to a file", () => {
    const known = new Set(sources.map((s) => s.path));
    for (const folder of ["sim", "tasks", "planners", "agent"])
      expect(within(folder).length, folder).toBeGreaterThan(2);
    const all = sources.filter((s) => !s.path.startsWith("test/")).flatMap(ours);
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter((p) => p.endsWith(".ts") && !known.has(p))).toEqual([]);
  });
});

describe("direction of imports", () => {
  it.each([
    ["sim", ["sim/"]],
    ["tasks", ["tasks/", "sim/"]],
    ["planners", ["planners/", "sim/core/"]],
    ["agent", ["agent/", "sim/", "planners/"]],
    ["scripts", ["scripts/", "sim/", "tasks/", "planners/", "agent/", "package.json"]],
  ])("%s imports only from %j", (folder, allowed) => {
    expect(forbidden(folder, allowed)).toEqual([]);
  });

  it("only scripts and tests import scripts", () => {
    const importers = sources.filter((s) => ours(s).some((p) => p.startsWith("scripts/"))).map((s) => s.path);
    expect(importers.filter((p) => !/^(scripts|test)\//.test(p))).toEqual([]);
  });

  it("the viewer reads what runs leave only", () => {
    const allowed = [
      "scripts/viewer/",
      "scripts/runs/episode-files.ts",
      "sim/core/folder-lock.ts",
      "scripts/compare/measure-name.ts",
      "sim/recording/",
      "sim/core/",
      "sim/task.ts",
      "agent/run/records.ts",
      "agent/run/recording-names.ts",
      "agent/run/run-files.ts",
      "agent/run/read-log.ts",
      // What a run's settings.json says of its visits.
      "agent/settings/schedule.ts",
      "agent/settings/evaluated-tasks.ts",
    ];
    expect(forbidden("scripts/viewer", allowed)).toEqual([]);
  });

  it("the viewer's page brings along types of ours, how it is addressed, how measures are named, how lists are read, colours, vectors, which task a step is of and nothing else, and only tests import it", () => {
    const page = "scripts/viewer/page/";
    const allowed = [
      page,
      "scripts/viewer/fragment.ts",
      "scripts/compare/measure-name.ts",
      "sim/core/element.ts",
      "sim/core/extremes.ts",
      "sim/core/math/vector.ts",
      "sim/core/palette.ts",
      "sim/recording/task-switch.ts",
    ];
    const brought = within("scripts/viewer/page").flatMap(({ path, code }) => {
      const values = importsOf(code.replace(/import type [^;]*;/g, ""));
      return ours({ path, code, imports: values }).filter(
        (target) => !allowed.some((prefix) => target.startsWith(prefix)),
      );
    });
    expect(brought).toEqual([]);
    const importers = sources.filter((s) => ours(s).some((p) => p.startsWith(page))).map((s) => s.path);
    expect(importers.filter((p) => !p.startsWith(page) && !p.startsWith("test/"))).toEqual([]);
  });

  it("only the command line, the benchmarks, the fuzzer and the library's face know where the command line is", () => {
    const knowing = within("scripts").filter(({ code }) => /["'`][./]*\/cli\//.test(code));
    const others = /^scripts\/(?!cli\/|bench\/|fuzz\/|index\.ts$)/;
    expect(knowing.map(({ path }) => path).filter((path) => others.test(path))).toEqual([]);
    expect(knowing.length).toBeGreaterThan(1);
  });

  it("only sim/world.ts imports the physics engine", () => {
    const importers = sources.filter((s) => s.imports.some((name) => name.startsWith("@dimforge/")));
    expect(importers.map((s) => s.path).filter((p) => !p.startsWith("test/"))).toEqual(["sim/world.ts"]);
  });

  it("has no cycles", () => {
    const edges = new Map(sources.map((s) => [s.path, ours(s)]));
    const finished = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]) => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
      if (finished.has(path) || trail.includes(path)) return;
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
      finished.add(path);
    };
    for (const { path } of sources) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

describe("the drawing of the rooms", () => {
  /** As the drawing names it: a folder, or one inside `agent/`, whose own files are the root. */
  const roomOf = (path: string) => {
    const [folder = "", inner = "", file] = path.split("/");
    if (folder !== "agent") return folder;
    return file === undefined ? "root" : inner;
  };
  const dot = readFileSync(join(ROOT, "docs/diagrams/rooms.dot"), "utf8").replaceAll("graph_", "graph");
  const arrows = [...dot.matchAll(/^ *(\w+(?: -> \w+)+)/gm)].flatMap(([, chain = ""]) => {
    const rooms = chain.split(" -> ");
    return rooms.slice(1).map((to, i) => [rooms[i], to] as const);
  });
  const rooms = FOLDERS.filter((folder) => folder !== "test").flatMap(within);
  const imports = new Set(
    rooms.flatMap((source) =>
      ours(source)
        .filter((target) => target.endsWith(".ts"))
        .map((target) => `${roomOf(source.path)} -> ${roomOf(target)}`),
    ),
  );

  it("has no arrow without an import", () => {
    expect(arrows.length).toBeGreaterThan(15);
    expect(arrows.map(([from, to]) => `${from} -> ${to}`).filter((arrow) => !imports.has(arrow))).toEqual([]);
  });

  it("leads from every room to every other that it uses", () => {
    const reached = (from: string, seen = new Set([from])): Set<string> => {
      for (const [tail, to] of arrows) {
        if (tail !== from || seen.has(to)) continue;
        seen.add(to);
        reached(to, seen);
      }
      return seen;
    };
    const missing = [...imports].filter((pair) => {
      const [from = "", to = ""] = pair.split(" -> ");
      const inside = !["scripts", "tasks", "planners", "sim"].includes(from);
      return !(inside && to === "root") && !reached(from).has(to);
    });
    expect(missing).toEqual([]);
  });
});

describe("types", () => {
  const cast = /\bas\s+unknown\s+as\b/;

  it("are given through `unknown` by the one helper for it, `foreign`, alone", () => {
    expect("const a = b as unknown as string;").toMatch(cast);
    expect(sources.filter(({ code }) => cast.test(withoutStrings(code))).map(({ path }) => path)).toEqual([]);
  });
});

describe("the outside world", () => {
  const reach =
    /\bprocess\.(?:exit|env)\b|\bprocess\.(?:hrtime|stdout|stderr)\b|\b(?:Date\.now|performance\.now|Math\.random|new Date)\b|\bconsole\b/g;

  it("is reached from scripts only: exit, environment, clocks, Math.random, console", () => {
    const found = ["sim", "tasks", "planners", "agent"]
      .flatMap(within)
      .flatMap(({ path, code }) =>
        [...withoutStrings(code).matchAll(reach)].map(([what]) => `${path}: ${what}`),
      );
    expect(found).toEqual([]);
    expect("console.log(Date.now(), process.env.HOME); // ok".match(reach)).toEqual([
      "console",
      "Date.now",
      "process.env",
    ]);
  });
});

describe("the two kinds of tests", () => {
  it("the command line and browsers are started by *.e2e.test.ts only", () => {
    const slow = ["test/scripts/cli.ts", "test/scripts/chromium.ts", "test/scripts/viewer/chromium.ts"];
    const units = within("test").filter(({ path }) => /(?<!\.e2e)\.test\.ts$/.test(path));
    expect(units.length).toBeGreaterThan(80);
    const starting = units.filter((s) => ours(s).some((target) => slow.includes(target)));
    expect(starting.map(({ path }) => path)).toEqual([]);
  });
});

import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./files.js";

const execute = promisify(execFile);

/** A run of seconds in place of the README's. */
const TINY = {
  tasks: 2,
  ...{ "loop.initialRandomSteps": 120, "loop.stepsPerTask": 130, "loop.trainIterations": 5 },
  ...{
    "loop.evaluationEpisodes": 1,
    "planner.samples": 16,
    "planner.horizon": 3,
    "dynamics.hidden": [16, 16],
  },
};

/** As in a terminal of a user: nothing of the npm that runs the tests, and no way out but to the package registry. */
function userEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_config_(ignore_scripts|local_prefix)|onnxruntime_node_install.*)$/i.test(name),
  );
  // The install script of onnxruntime-node downloads through this proxy, which nobody answers at.
  return { ...Object.fromEntries(own), GLOBAL_AGENT_HTTPS_PROXY: "http://127.0.0.1:9" };
}

/** Without a registry only these tests cannot run; where CI is set they fail instead. */
function noRegistry(): boolean {
  const look = ["view", "typescript", "version", "--fetch-retries=0", "--fetch-timeout=5000"];
  return !process.env.CI && spawnSync("npm", look).status !== 0;
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const folder = temporaryFolder();
const project = join(folder, "project");
let packed: Packed;

const inProject = async (command: string, ...args: readonly string[]) =>
  (await execute(command, args, { cwd: project, env: userEnvironment() })).stdout;

/** The README's program under "As a library". */
function readmeProgram(): string {
  const [, program] =
    /## As a library[\s\S]*?```ts\n([\s\S]*?)```/.exec(readFileSync("README.md", "utf8")) ?? [];
  if (program === undefined) throw new Error("README.md has no TypeScript under ## As a library");
  return program;
}

beforeAll(async () => {
  const { stdout } = await execute("npm", ["pack", "--json", "--pack-destination", folder]);
  packed = (JSON.parse(stdout) as Packed[])[0]!;
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the package", () => {
  it("is small and holds what its users need", () => {
    expect(packed.size).toBeLessThan(1.5e6);
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        ...["LICENSE", "README.md", "package.json", "scripts/skip-gpu-files.mjs"],
        ...["dist/scripts/evaluate/oracle-worker.js", "tasks/reacher/oracle.json"],
        ...["dist/scripts/index.js", "dist/scripts/index.d.ts", "dist/scripts/cli/main.js"],
      ]),
    );
    const unwanted =
      /^(test|docs\/(results|pictures|api))\/|^dist\/(scripts\/bench|test)\/|node_modules|\.map$/;
    expect(paths.filter((path) => unwanted.test(path))).toEqual([]);
  });

  it("holds nothing that an earlier build left", () => {
    const compiled = packed.files.map(({ path }) => path).filter((path) => /^dist\/.*\.d\.ts$/.test(path));
    expect(compiled.length).toBeGreaterThan(100);
    const sourceOf = (path: string) => path.slice("dist/".length).replace(/\.d\.ts$/, ".ts");
    expect(compiled.filter((path) => !existsSync(sourceOf(path)))).toEqual([]);
  });
});

describe.skipIf(noRegistry())("in an empty project", () => {
  beforeAll(async () => {
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), "{}");
    await inProject("npm", "install", "--prefer-offline", join(folder, packed.filename));
  });

  it("is installed from the package registry alone, without libraries for GPUs", async () => {
    expect(await inProject("npx", "hypercrl", "--version")).toBe("0.1.0\n");
    if (process.platform !== "linux" || process.arch !== "x64") return;
    const libraries = join(project, "node_modules/hypercrl-onnxruntime/bin/napi-v6/linux/x64");
    expect(statSync(join(libraries, "libonnxruntime_providers_cuda.so")).size).toBe(0);
  });

  // TypeScript 5.9 takes a minute where others use the processor too.
  describe("the README's program", { timeout: 300_000 }, () => {
    beforeAll(async () => {
      const compilers = ["typescript@7.0.2", "typescript-5@npm:typescript@5.9.3"];
      await inProject("npm", "install", "--prefer-offline", "--save-dev", ...compilers);
      writeFileSync(join(project, "readme.mts"), readmeProgram());
      const small = readmeProgram().replace(/\bseed: 1,/, `seed: 1, settings: ${JSON.stringify(TINY)},`);
      expect(small).not.toBe(readmeProgram());
      writeFileSync(join(project, "small.mts"), small);
    });

    const compile = (compiler: string, ...options: readonly string[]) =>
      inProject(
        process.execPath,
        `node_modules/${compiler}/bin/tsc`,
        "--strict",
        "--target",
        "es2022",
        ...options,
      );
    const modules = {
      nodenext: ["--module", "nodenext", "--moduleResolution", "nodenext"],
      bundler: ["--module", "esnext", "--moduleResolution", "bundler"],
    };

    it.each([
      { compiler: "typescript", resolution: "nodenext", skipLibCheck: true },
      { compiler: "typescript", resolution: "nodenext", skipLibCheck: false },
      { compiler: "typescript", resolution: "bundler", skipLibCheck: true },
      { compiler: "typescript", resolution: "bundler", skipLibCheck: false },
      { compiler: "typescript-5", resolution: "nodenext", skipLibCheck: false },
    ] as const)("its types are right: $compiler, $resolution, skipLibCheck $skipLibCheck", async (choice) => {
      const { compiler, resolution, skipLibCheck } = choice;
      const options = [...modules[resolution], "--skipLibCheck", `${skipLibCheck}`];
      expect(await compile(compiler, "--noEmit", ...options, "readme.mts")).toBe("");
    });

    it("runs", async () => {
      await compile("typescript", ...modules.nodenext, "--outDir", "built", "small.mts");
      const printed = await inProject(process.execPath, "built/small.mjs");
      expect(printed).toMatch(/^-?\d+(\.\d+)? -?\d+(\.\d+)?\n$/);
    });
  });
});

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const CLI = resolve("dist/scripts/cli/main.js");
const CLUSTER = resolve("test/slurm/cluster.sh");

/** Prints the largest resident memory of a process at its end, in MiB. */
const TELL_MEMORY =
  "process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS >> 10, 'MiB'))";

/** In runs of seconds, optimizing the code takes longer than the optimized code saves; it changes no result. */
const UNOPTIMIZED =
  'import { setFlagsFromString } from "node:v8"; setFlagsFromString("--liftoff-only"); setFlagsFromString("--no-opt");';

const runsFirst = (code) => `--import=data:text/javascript,${encodeURIComponent(code)}`;

/** A run of one or two seconds that still passes through every stage. */
export const TINY = [
  ...["loop.initialRandomSteps=50", "loop.stepsPerTask=60", "loop.trainEvery=25", "loop.trainIterations=5"],
  ...["loop.evaluationEpisodes=1", "planner.samples=16", "planner.elites=4", "planner.iterations=1"],
  ...["planner.horizon=3", "dynamics.hidden=[16,16]", "tasks=2"],
];

/** The words of a sweep of reacher, the suite whose episodes take least processor time. */
export function sweepWords(methods, seeds, settings = TINY) {
  const sets = settings.flatMap((one) => ["--set", one]);
  return ["--suite", "reacher", "--methods", methods, "--seeds", seeds, ...sets];
}

export const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);

/** Fails the whole test unless something holds. */
export function check(holds, text) {
  if (!holds) throw new Error(text);
}

export const sleep = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

/** A cluster in a folder of its own, and the product's command line with it. */
export class Cluster {
  #folder;
  #env;

  /**
   * @param groups hold jobs to their memory by control groups
   * @param optimized let Node.js optimize its code, for times that shall be those of everybody
   */
  constructor(folder, { groups = false, optimized = false }) {
    this.#folder = folder;
    this.#env = {
      ...process.env,
      SLURM_CONF: join(folder, "slurm.conf"),
      ...(groups && { CGROUP: "1" }),
      ...(!optimized && { NODE_OPTIONS: runsFirst(UNOPTIMIZED) }),
    };
  }

  start(nodes) {
    this.#script("start", this.#folder, String(nodes));
  }

  stop() {
    this.#script("stop", this.#folder);
  }

  startNode(name) {
    this.#script("node", this.#folder, name);
  }

  /** The daemon of a node; undefined when it is down. */
  daemonOf(name) {
    const path = join(this.#folder, `${name}.pid`);
    return existsSync(path) ? Number(readFileSync(path, "utf8")) : undefined;
  }

  #script(...args) {
    execFileSync(CLUSTER, args, { env: this.#env, stdio: ["ignore", "inherit", "inherit"] });
  }

  /** What a command of Slurm prints. */
  ask(program, ...args) {
    return execFileSync(program, args, { env: this.#env, encoding: "utf8" });
  }

  /**
   * Runs the product's command line.
   * @param limit most address space, KiB, as of `ulimit -v`
   * @returns exit code, what it printed, seconds, and peak memory in MiB
   */
  hypercrl(args, { limit, expected = 0 } = {}) {
    const began = performance.now();
    const node = [runsFirst(TELL_MEMORY), CLI, ...args];
    const [program, words] =
      limit === undefined
        ? [process.execPath, node]
        : ["bash", ["-c", `ulimit -v ${limit}; exec "$0" "$@"`, process.execPath, ...node]];
    const child = spawn("nice", ["-n", process.env.NICE ?? "5", program, ...words], {
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (text) => {
      stdout += text;
    });
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    return new Promise((done, failed) => {
      child.on("close", (code) => {
        const seconds = (performance.now() - began) / 1000;
        const peak = Math.max(0, ...[...stderr.matchAll(/peak (\d+) MiB/g)].map(([, mib]) => Number(mib)));
        if (code === expected) done({ stdout, stderr, seconds, peak });
        else failed(new Error(`hypercrl ${args.join(" ")} ended with ${code}\n${stdout}\n${stderr}`));
      });
    });
  }
}

/** Processes whose command line holds all words, with it and their environment. */
export function processesWith(...words) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        if (!words.every((word) => command.includes(word))) return [];
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
        const node = environment.find((line) => line.startsWith("SLURMD_NODENAME="))?.split("=")[1];
        const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
        return [{ pid: Number(pid), parent, command, node }];
      } catch {
        return [];
      }
    });
}

/** Kills a process with SIGKILL; one that has just ended is no error. */
export function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

const TIMES = /(^|\/)(timing\.jsonl|hashes-timing\.json|tensorboard\/timing\/[^/]+)$/;

/** SHA-256 of every file of a run by name; times, which never repeat, are left out. */
function hashesOf(folder) {
  const files = readdirSync(folder, { recursive: true }).filter(
    (name) => !TIMES.test(name) && statSync(join(folder, name)).isFile(),
  );
  return Object.fromEntries(
    files.sort().map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}

/** Checks that all runs of two sweeps have the same bytes; returns how many. */
export function checkSameRuns(one, other) {
  const runs = readdirSync(join(one, "runs")).sort();
  check(
    JSON.stringify(runs) === JSON.stringify(readdirSync(join(other, "runs")).sort()),
    "the sweeps hold different runs",
  );
  for (const run of runs) {
    const [a, b] = [one, other].map((sweep) => hashesOf(join(sweep, "runs", run)));
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    const differ = names.filter((name) => a[name] !== b[name]);
    check(differ.length === 0, `${run} differs in ${differ.join(", ")}`);
  }
  return runs.length;
}

/** Checks that two sweeps have the same figures; times and memory are left out. */
export function checkSameFigures(one, other) {
  const figures = (sweep) =>
    JSON.stringify(JSON.parse(readFileSync(join(sweep, "sweep-results.json"), "utf8")), (name, value) =>
      ["usage", "wallMinutes", "cpuMinutes", "peakMiB", "failed"].includes(name) ? undefined : value,
    );
  check(figures(one) === figures(other), "the sweeps have different figures");
}

/** What was noted of all tries of a sweep, by run. */
export function triesOf(sweep) {
  const folder = join(sweep, "slurm", "tries");
  return Object.fromEntries(
    readdirSync(folder).map((run) => [
      run,
      readdirSync(join(folder, run))
        .filter((name) => /^\d+$/.test(name))
        .map((number) => {
          const read = (name) => JSON.parse(readFileSync(join(folder, run, number, name), "utf8"));
          return {
            ...read("claim.json"),
            end: existsSync(join(folder, run, number, "end.json")) ? read("end.json") : undefined,
          };
        }),
    ]),
  );
}

/** Checks that every run was completed by exactly one try; returns how many tries there were. */
export function checkOnce(sweep, runs) {
  const tries = triesOf(sweep);
  check(Object.keys(tries).length === runs, `${Object.keys(tries).length} of ${runs} runs were tried`);
  for (const [run, list] of Object.entries(tries)) {
    const finished = list.filter(({ end }) => end?.outcome === "finished").length;
    check(finished === 1, `${run} was completed ${finished} times`);
  }
  return Object.values(tries).flat();
}

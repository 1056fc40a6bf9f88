import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Command, InvalidArgumentError } from "commander";
import { writeFileSafely } from "../../sim/core/files.js";
import { findNamed } from "../../sim/core/one-of.js";
import { describeMachine } from "../bench/machine.js";
import { COMMAND_LINE } from "../cli/command-line.js";
import { newFile, runDeveloperProgram } from "../cli/developer-program.js";
import { countingNumber, wholeNumber } from "../cli/options/parsers.js";
import { inTemporaryFolder } from "../cli/temporary-folder.js";
import { builtinCatalog } from "../parts/catalog.js";
import { minutesSince, toTenth } from "./minutes.js";
import { type NodeBinary, type ReplayResult, recordRun, replayRun, TASKS } from "./replay-runs.js";

interface Flags {
  readonly steps: number;
  readonly seed: number;
  readonly node: readonly NodeBinary[];
  readonly out?: string;
}

/** Share of the steps by suite: more where a step costs less, and where an episode is short. */
const SHARES: Readonly<Record<string, number>> = {
  reacher: 0.4,
  cartpole: 0.1,
  push: 0.15,
  "push-slide": 0.15,
  door: 0.15,
  cheetah: 0.05,
};

const THIS_NODE: NodeBinary = { path: process.execPath, version: process.version };

/** The recordings of a suite. */
interface SuiteResult {
  readonly suite: string;
  readonly tasks: number;
  readonly recordingMinutes: number;
  readonly replays: readonly ReplayResult[];
}

const program = new Command("npm run replays --")
  .description(
    "Records runs of several suites, simulates every recorded step again, and compares all bit by bit.",
  )
  .option("--steps <n>", "steps to be recorded at least, of all suites together", countingNumber, 10_000)
  .option("--seed <n>", "seed of the runs", wholeNumber, 1)
  .option("--node <path>", "simulate with this Node.js; repeatable (default: this one)", nodeBinary, [])
  .option("--out <file>", "write what was found as JSON", newFile)
  .action(replays);

async function replays({ steps, seed, node, out }: Flags): Promise<void> {
  const nodes = node.length > 0 ? node : [THIS_NODE];
  const started = performance.now();
  const suites = await inTemporaryFolder("replays", (folder, signal) =>
    replaySuites(nodes, { folder, steps, seed, signal }),
  );
  const minutes = toTenth(minutesSince(started));
  const totals = nodes.map(({ version }, i) => totalOf(version, suites, i));
  for (const { node, episodes, steps, faults } of totals)
    console.log(`all suites, ${node}: ${episodes} episodes, ${steps} steps, ${faults} differences`);
  const machine = await describeMachine(undefined);
  const document = { definition: DEFINITION, seed, minutes, machine, totals, suites };
  if (out !== undefined) writeFileSafely(out, `${JSON.stringify(document, null, 2)}\n`);
  if (totals.some(({ faults, steps: same }) => faults > 0 || same < steps)) process.exitCode = 1;
}

/** How recordings are made. */
interface Recording {
  readonly folder: string;
  /** Of all suites together, or of one. */
  readonly steps: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** Records and replays one suite after another. @throws the reason of the signal when it stops that */
async function replaySuites(nodes: readonly NodeBinary[], recording: Recording): Promise<SuiteResult[]> {
  const suites: SuiteResult[] = [];
  for (const [name, share] of Object.entries(SHARES)) {
    const steps = Math.ceil(recording.steps * share);
    const result = await replaySuite(name, nodes, { ...recording, steps });
    suites.push(result);
    for (const { node, episodes, steps, faults } of result.replays) {
      console.log(`${name}, ${node}: ${episodes} episodes, ${steps} steps, ${faults.length} differences`);
      for (const fault of faults.slice(0, SHOWN)) console.log(`  ${fault}`);
    }
  }
  return suites;
}

/** Differences of a suite that are printed. */
const SHOWN = 5;

const DEFINITION =
  "episodes, steps: recorded with the Node.js of machine.versions, and simulated again by the Node.js of that line, with every observation, reward and state hash the same bit by bit; faults: recordings that differ or could not be compared, and files of the runs that are not what their hashes say";

async function replaySuite(
  name: string,
  nodes: readonly NodeBinary[],
  { folder, ...how }: Recording,
): Promise<SuiteResult> {
  const run = join(folder, name);
  const started = performance.now();
  await recordRun(findNamed("task suite", name, builtinCatalog.suites), run, how);
  const recordingMinutes = toTenth(minutesSince(started));
  const replays: ReplayResult[] = [];
  for (const node of nodes) replays.push(await replayRun(run, node, COMMAND_LINE, how.signal));
  rmSync(run, { recursive: true });
  return { suite: name, tasks: TASKS, recordingMinutes, replays };
}

function totalOf(node: string, suites: readonly SuiteResult[], index: number) {
  const replays = suites.flatMap(({ replays }) => replays[index] ?? []);
  return {
    node,
    episodes: replays.reduce((sum, { episodes }) => sum + episodes, 0),
    steps: replays.reduce((sum, { steps }) => sum + steps, 0),
    faults: replays.reduce((sum, { faults }) => sum + faults.length, 0),
  };
}

function nodeBinary(path: string, before: readonly NodeBinary[]): NodeBinary[] {
  const { status, stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  if (status === 0 && /^v\d+\.\d+\.\d+/.test(stdout)) return [...before, { path, version: stdout.trim() }];
  throw new InvalidArgumentError("Expected the path of a Node.js binary.");
}

await runDeveloperProgram(program);

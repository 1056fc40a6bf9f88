import { performance } from "node:perf_hooks";
import { Command } from "commander";
import { writeFileSafely } from "../../sim/core/files.js";
import { Rng } from "../../sim/core/rng.js";
import { describeMachine } from "../bench/machine.js";
import { COMMAND_LINE } from "../cli/command-line.js";
import { newFile, runDeveloperProgram } from "../cli/developer-program.js";
import { countingNumber, wholeNumber } from "../cli/options/parsers.js";
import { inTemporaryFolder } from "../cli/temporary-folder.js";
import { builtinCatalog } from "../parts/catalog.js";
import { itself, type KilledCommand, type KillResult, killAll, runsOfSweep } from "./kill-runs.js";
import { minutesSince, toTenth } from "./minutes.js";

interface Flags {
  readonly kills: number;
  readonly seed: number;
  readonly out?: string;
}

/** Every stage of a run, in a second or two. */
const SMALL = [
  ...["tasks=2", "loop.initialRandomSteps=50", "loop.stepsPerTask=60", "loop.trainEvery=25"],
  ...["loop.trainIterations=5", "loop.evaluationEpisodes=1", "dynamics.hidden=[16,16]"],
  ...["planner.samples=16", "planner.elites=4", "planner.iterations=1", "planner.horizon=3"],
].flatMap((assignment) => ["--set", assignment]);

function training(
  name: string,
  suite: string,
  method: string,
  threads: number,
  more: readonly string[] = [],
) {
  const begin = (out: string) => [
    "train",
    "--quiet",
    "--suite",
    suite,
    "--method",
    method,
    "--out",
    out,
    ...SMALL,
  ];
  return {
    name,
    begin: (out: string) => [...begin(out), ...more, "--threads", String(threads)],
    goOn: (out: string) => ["train", "--quiet", "--resume", out, "--threads", String(threads)],
    begun: "settings.json",
    runs: itself,
  } satisfies KilledCommand;
}

/** What has most processes comes first, so that a campaign that is stopped has it. */
const COMMANDS: readonly KilledCommand[] = [
  {
    name: "a sweep, two runs at a time",
    begin: (out) => [
      ...["sweep", "--quiet", "--suite", "reacher", "--methods", "hypercrl,single", "--seeds", "1"],
      ...["--jobs", "2", "--out", out, ...SMALL],
    ],
    goOn: (out) => ["sweep", "--quiet", "--resume", out, "--jobs", "2"],
    begun: "sweep.json",
    runs: runsOfSweep,
  },
  training("hypercrl, training beside acting", "reacher", "hypercrl", 1, ["--async"]),
  training("hypercrl, two threads", "reacher", "hypercrl", 2),
  training("hypercrl, plans recorded", "reacher", "hypercrl", 1, ["--record", "plans"]),
  training("hypercrl on push", "push", "hypercrl", 1),
  ...builtinCatalog.methods.map(({ name }) => training(name, "reacher", name, 1)),
];

const program = new Command("npm run kills --")
  .description(
    "Kills commands at random moments, goes on with them, and compares every byte with an undisturbed run.",
  )
  .option("--kills <n>", "processes to be killed, shared among all commands", countingNumber, 200)
  .option("--seed <n>", "seed of the moments", wholeNumber, 1)
  .option("--out <file>", "write what was found as JSON, anew after each command", newFile)
  .action(kills);

async function kills({ kills, seed, out }: Flags): Promise<void> {
  const machine = await describeMachine(undefined);
  const started = performance.now();
  const rng = Rng.fromSeed(seed).split("kills");
  const note = (results: readonly KillResult[]) => {
    const { command, kills: killed, compared, faults } = results.at(-1)!;
    console.log(`${command}: ${killed} kills, ${compared} times finished`);
    for (const fault of faults) console.log(`  ${fault}`);
    const totals = totalsOf(results);
    const minutes = toTenth(minutesSince(started));
    const document = { definition: DEFINITION, seed, asked: kills, totals, minutes, machine, results };
    if (out !== undefined) writeFileSafely(out, `${JSON.stringify(document, null, 2)}\n`);
    if (totals.faults > 0) process.exitCode = 1;
    if (results.length === COMMANDS.length)
      console.log(`${totals.kills} kills, ${totals.faults} differences`);
  };
  await inTemporaryFolder("kills", (folder, signal) =>
    killAll(COMMANDS, { kills, rng, folder, commandLine: COMMAND_LINE, signal }, note),
  );
}

const DEFINITION =
  "asked: kills that the campaign is for, fewer in a campaign that was stopped; kills: processes ended with SIGKILL at a random moment; compared: runs continued to their end, all of whose files but the times were compared with those of an undisturbed run; faults: files that differ";

function totalsOf(results: readonly KillResult[]) {
  return {
    commands: `${results.length} of ${COMMANDS.length}`,
    kills: results.reduce((sum, { kills }) => sum + kills, 0),
    compared: results.reduce((sum, { compared }) => sum + compared, 0),
    faults: results.reduce((sum, { faults }) => sum + faults.length, 0),
  };
}

await runDeveloperProgram(program);

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { documentText, writeDocument } from "../../sim/core/documents.js";
import { UsageError } from "../../sim/core/errors.js";
import type { Io } from "../cli/io.js";
import { countingNumber, repeatable, seedList } from "../cli/options/parsers.js";
import { formatComparison } from "./compare.js";
import { searchDoorStart } from "./door-start.js";
import { benchLearning } from "./learning.js";
import { liveTable, measureLive } from "./live.js";
import { describeMachine } from "./machine.js";
import { LONG_REPETITION, REPETITION } from "./measure.js";
import { missingPeers } from "./peers/peers.js";
import { TO_INSTALL, TorchProcess } from "./peers/torch-process.js";
import { benchPhysicsStep, parseSetting } from "./physics-step.js";
import { chooseVariants, measurePlanners, plannersTable, randomReturn, VARIANT_IDS } from "./planners.js";
import { benchRates } from "./rates.js";
import { type BenchResult, benchResult, joinSections, readResult, sectionTable } from "./result.js";
import { needsTorch, parseSections, runSection, SECTIONS, type SectionName } from "./sections.js";

type BenchIo = Pick<Io, "out" | "err">;

interface SpeedOptions {
  readonly only?: string;
  /** A file, or true for standard output. */
  readonly json?: string | true;
  readonly compare?: string;
  readonly python?: string;
}

interface LiveChoice {
  readonly pairs: number;
  readonly json?: string;
}

interface PlannersChoice {
  readonly episodes: number;
  readonly planners?: string;
  readonly set: readonly string[];
  readonly json?: string;
}

/** The command line of the benchmark. */
export function createBenchProgram(io: BenchIo): Command {
  const program = new Command("npm run bench --")
    .description(
      "speed and memory of planning, training, simulation and whole runs, against the machine's own rates",
    )
    .option("--only <sections>", `some of ${SECTIONS.join(",")}`)
    .option(
      "--json [file]",
      "write the figures as JSON to a file, or to standard output instead of the table",
    )
    .option("--compare <file>", "show each figure's change since a result written by --json")
    .option("--python <command>", "a Python with PyTorch, for the section peers (default: python3)")
    .configureOutput({
      writeOut: (text) => io.out(text.replace(/\n$/, "")),
      writeErr: (text) => io.err(text.replace(/\n$/, "")),
    })
    .exitOverride()
    .allowExcessArguments(false)
    // `--json` after a command is that command's.
    .enablePositionalOptions()
    .action((options: SpeedOptions) => speed(options, io));
  program
    .command("learning")
    .description("train hypercrl, finetune and single on the quick push profile and compare them")
    .option("--seeds <list>", "seeds such as 1,2,3 or 1-5", seedList, [1, 2, 3])
    .option("--jobs <n>", "runs at a time", countingNumber, 2)
    .option("--out <dir>", "folder of the runs", "runs/learning")
    .action(async (options) => io.out(await benchLearning(options, io.err)));
  program
    .command("planners")
    .description("let every planner control the learned models of finished runs and compare their returns")
    .argument("<runs...>", "run folders")
    .option("--episodes <n>", "episodes per task, run and planner", countingNumber, 10)
    .option("--planners <ids>", `some of ${VARIANT_IDS.join(",")}`)
    .addOption(repeatable("--set <planner.name=value>", "plan with a setting, each planner that has it"))
    .option("--json <file>", "write every episode's return to a file")
    .action((runs: string[], options: PlannersChoice) => comparePlanners(runs, options, io));
  program
    .command("live")
    .description("what a page that follows a training run costs it; needs Chromium")
    .option("--pairs <n>", "windows of 3 s with a page, and as many without", countingNumber, 60)
    .option("--json <file>", "write the time of every window to a file")
    .action((options: LiveChoice) => live(options, io));
  program
    .command("physics")
    .description("compare physics steps and solver iterations of the push tasks with a fine reference")
    .option(
      "--settings <list>",
      "steps per control period × solver iterations",
      "10x8,10x12,10x6,10x4,8x8,5x8",
    )
    .option("--reference <setting>", "a fine setting that errors are measured against", "40x8")
    .option("--episodes <n>", "episodes of extreme random actions per task", countingNumber, 20)
    .action(
      async ({
        settings,
        reference,
        episodes,
      }: Record<"settings" | "reference", string> & { episodes: number }) =>
        io.out(
          await benchPhysicsStep({
            settings: settings.split(",").map(parseSetting),
            reference: parseSetting(reference),
            episodes,
          }),
        ),
    );
  program
    .command("door-start")
    .description("search where the arm of the door tasks should stand and start, by joint-limit margins")
    .option("--step <m>", "distance between the places tried, m", gridStep, 0.05)
    .option("--count <n>", "how many of the best are shown", countingNumber, 10)
    .action(({ step, count }: { step: number; count: number }) => io.out(searchDoorStart(step, count)));
  return program;
}

async function live({ pairs, json }: LiveChoice, io: BenchIo): Promise<void> {
  if (json !== undefined) checkWritable(json);
  const times = await measureLive({ pairs, say: io.err });
  io.out(liveTable(times));
  if (json !== undefined) writeDocument(resolve(json), times);
}

async function comparePlanners(
  runs: readonly string[],
  { episodes, planners, set: assignments, json }: PlannersChoice,
  io: BenchIo,
): Promise<void> {
  if (json !== undefined) checkWritable(json);
  const random = runs.map(randomReturn);
  const variants = chooseVariants(runs, planners?.split(","));
  const results = await measurePlanners({ runs, episodes, variants, assignments, say: io.err });
  io.out(plannersTable(results, random));
  if (json !== undefined) {
    writeDocument(resolve(json), { episodes, assignments, random, results });
  }
}

async function speed({ only, json, compare, python }: SpeedOptions, io: BenchIo): Promise<void> {
  const names = only === undefined ? SECTIONS : parseSections(only);
  // Whatever can be refused is refused before minutes of measuring.
  const before = compare === undefined ? undefined : readResult(compare);
  if (typeof json === "string") checkWritable(json);
  const { result, text } = await measure(names, python, io);
  // With the figures on standard output, what is for people goes beside it.
  const say = json === true ? io.err : io.out;
  say(text);
  if (before !== undefined) say(formatComparison(before, result));
  if (json === true) io.out(documentText(result).trimEnd());
  if (typeof json === "string") writeDocument(resolve(json), result);
}

async function measure(
  names: readonly SectionName[],
  python: string | undefined,
  io: BenchIo,
): Promise<{ result: BenchResult; text: string }> {
  const torch = needsTorch(names) ? await TorchProcess.start(python) : undefined;
  try {
    const sections = [];
    for (const name of names) {
      io.err(`Measuring ${name} …`);
      sections.push(await runSection(name, torch));
    }
    // Last, because its large arrays must not be in the memory that the first section reads.
    const all = joinSections([await benchRates(), ...sections]);
    const machine = await describeMachine(torch?.description);
    return {
      result: benchResult(machine, all),
      text: `${sectionTable(all)}\n${footnotes(needsTorch(names), torch)}`,
    };
  } finally {
    torch?.close();
  }
}

function footnotes(peers: boolean, torch: TorchProcess | undefined): string {
  const rounds = `Medians of ${REPETITION.rounds} rounds (${LONG_REPETITION.rounds} of long jobs), one thread, node ${process.version}.`;
  return [
    rounds,
    ...(torch === undefined ? [] : [torchNote(torch)]),
    ...(peers ? missingPeers(torch, TO_INSTALL) : []),
  ].join("\n");
}

function torchNote({ description: { version, blas, build } }: TorchProcess): string {
  return `PyTorch ${version}, one thread, processor time, run in turn; matrices by ${blas}; ${build}.`;
}

function checkWritable(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError({ what: `Cannot write ${path}`, got: "a folder", expected: "a path for a file" });
  }
}

function gridStep(text: string): number {
  const step = Number(text);
  if (step >= 0.01 && step <= 0.5) return step;
  throw new InvalidArgumentError("Expected a length from 0.01 to 0.5 m.");
}

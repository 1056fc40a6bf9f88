import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Command } from "commander";
import { writeFileSafely } from "../../sim/core/files.js";
import { findNamed } from "../../sim/core/one-of.js";
import { countingNumber, wholeNumber } from "../cli/option-parsers.js";
import { currentVersions } from "../runs/versions.js";
import { fuzzKind, type KindResult } from "./campaign.js";
import { makeInputs } from "./inputs.js";
import { kinds } from "./kinds.js";
import { type CaseRequest, OUTCOMES } from "./protocol.js";

interface Flags {
  readonly cases: number;
  readonly seed: number;
  readonly kinds: readonly string[];
  readonly jobs: number;
  readonly out?: string;
}

const program = new Command("npm run fuzz --")
  .description(
    "Changes files and command lines at random and looks at what the program does with them: every input must be refused by name, or do no harm.",
  )
  .option("--cases <n>", "cases of each kind", countingNumber, 300)
  .option("--seed <n>", "seed of the cases", wholeNumber, 1)
  .option(
    "--kinds <list>",
    `some of ${kinds.map(({ name }) => `"${name}"`).join(", ")}, separated by semicolons`,
    (text) => text.split(";").map((name) => findNamed("kind of input", name.trim(), kinds).name),
    kinds.map(({ name }) => name),
  )
  .option("--jobs <n>", "processes at a time", countingNumber, availableParallelism())
  .option("--out <file>", "write what was found as JSON")
  .action(fuzz);

async function fuzz({ cases, seed, kinds: names, jobs, out }: Flags): Promise<void> {
  const inputs = mkdtempSync(join(tmpdir(), "hypercrl-fuzz-inputs-"));
  process.env.XDG_STATE_HOME = join(inputs, "state");
  const started = performance.now();
  const results: KindResult[] = [];
  try {
    await makeInputs(inputs);
    for (const name of names) {
      const result = await fuzzKind(name, { inputs, seed, cases, jobs });
      results.push(result);
      console.log(`${name}: ${OUTCOMES.map((outcome) => `${result.counts[outcome]} ${outcome}`).join(", ")}`);
      for (const { index, outcome, detail } of result.bad.slice(0, SHOWN))
        console.log(`  case ${index}, ${outcome}: ${firstLines(detail)}`);
    }
  } finally {
    rmSync(inputs, { recursive: true, force: true });
  }
  if (out !== undefined)
    writeFileSafely(out, `${JSON.stringify(document(results, { seed, cases, started }), null, 2)}\n`);
  if (results.some(({ bad }) => bad.length > 0)) process.exitCode = 1;
}

/** Bad cases of a kind that are printed. */
const SHOWN = 5;

/** The message and the first places of a stack trace. */
function firstLines(detail: string): string {
  return detail.slice(0, 2000).split("\n").slice(0, 6).join("\n    ");
}

function document(
  results: readonly KindResult[],
  { seed, cases, started }: Pick<CaseRequest, "seed"> & { readonly cases: number; readonly started: number },
) {
  const minutes = (performance.now() - started) / 60_000;
  return {
    definition:
      "cases of each kind by what came of them. refused: an error that names what is wrong; harmless: done as if nothing was wrong; trace: an error that the program does not know; hang, memory: stopped from outside; escaped: a file that was not named was changed",
    seed,
    cases,
    minutes: Number(minutes.toFixed(1)),
    versions: currentVersions(),
    kinds: Object.fromEntries(results.map(({ kind, counts }) => [kind, counts])),
    bad: results.flatMap(({ bad }) => bad),
  };
}

await program.parseAsync();

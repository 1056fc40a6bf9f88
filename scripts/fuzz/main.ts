import { existsSync, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Command } from "commander";
import { writeDocument } from "../../sim/core/documents.js";
import { findNamed } from "../../sim/core/one-of.js";
import { describeMachine } from "../bench/machine.js";
import { runDeveloperProgram } from "../cli/developer-program.js";
import { countingNumber, jobCount, wholeNumber } from "../cli/options/parsers.js";
import { inTemporaryFolder } from "../cli/temporary-folder.js";
import { fuzzKind } from "./campaign.js";
import { newCampaign, readCampaign, withKind } from "./campaign-file.js";
import { makeInputs } from "./inputs.js";
import { kinds } from "./kinds.js";
import { minutesSince } from "./minutes.js";
import { OUTCOMES } from "./protocol.js";

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
  .option("--jobs <n>", "processes at a time", jobCount, availableParallelism())
  .option(
    "--out <file>",
    "write what was found as JSON, kind by kind; kinds that it holds already are not done again",
  )
  .action(fuzz);

async function fuzz({ cases, seed, kinds: names, jobs, out }: Flags): Promise<void> {
  const machine = await describeMachine(undefined);
  const known = out !== undefined && existsSync(out);
  let campaign = known ? readCampaign(out, seed, cases, machine) : newCampaign(seed, cases, machine);
  await inTemporaryFolder("fuzz", async (folder, signal) => {
    const inputs = join(folder, "inputs");
    mkdirSync(inputs);
    process.env.XDG_STATE_HOME = join(inputs, "state");
    await makeInputs(inputs, signal);
    for (const name of names) {
      if (name in campaign.kinds) continue;
      const started = performance.now();
      const result = await fuzzKind(name, { inputs, folder, seed, cases, jobs, signal });
      campaign = withKind(campaign, result, minutesSince(started));
      if (out !== undefined) writeDocument(out, campaign);
      console.log(`${name}: ${OUTCOMES.map((outcome) => `${result.counts[outcome]} ${outcome}`).join(", ")}`);
      for (const { index, outcome, detail } of result.bad.slice(0, SHOWN))
        console.log(`  case ${index}, ${outcome}: ${firstLines(detail)}`);
    }
  });
  if (campaign.bad.length > 0) process.exitCode = 1;
}

/** Bad cases of a kind that are printed. */
const SHOWN = 5;

/** The message and the first places of a stack trace. */
function firstLines(detail: string): string {
  return detail.slice(0, 2000).split("\n").slice(0, 6).join("\n    ");
}

await runDeveloperProgram(program);

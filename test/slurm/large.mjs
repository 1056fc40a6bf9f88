import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, say, sweepWords } from "./tools.mjs";

const METHODS = [
  ...["hypercrl", "finetune", "single", "ewc", "si"],
  ...["coreset", "multitask", "pnn", "chunked", "single-hypernet"],
];

/** Files of a run that a report reads. */
const READ = ["evaluation.json", "metrics.jsonl", "timing.jsonl", "suite.json", "versions.json"];

/** How long a manifest of many runs takes to be submitted, looked at and reported. None of them is run. */
export async function testLarge({ cluster, folder, methods = METHODS, seeds }) {
  const out = join(folder, "large");
  const made = join(folder, "one");
  const runs = methods.length * seeds;
  const tell = (what, { seconds, peak }) => say(`${runs} runs: ${what} ${seconds.toFixed(1)} s, ${peak} MiB`);
  const words = sweepWords(methods.join(","), `1-${seeds}`);
  const options = ["--engine", "slurm", "--partition", "parked"];
  tell("submitted in", await cluster.hypercrl(["sweep", ...words, ...options, "--out", out]));
  const status = () => cluster.hypercrl(["sweep", "--status", out]);
  const waiting = await status();
  check(waiting.stdout.replace(/\s+/g, " ").includes(`${runs} waiting`), waiting.stdout);
  tell("status while all wait", waiting);
  tell("cancelled in", await cluster.hypercrl(["sweep", "--cancel", out]));
  await cluster.hypercrl(["sweep", ...sweepWords("single", "1"), "--out", made, "--quiet"]);
  finish(out, join(made, "runs", readdirSync(join(made, "runs"))[0]));
  tell("status when all are finished", await status());
  const report = await cluster.hypercrl(["sweep", "--report", out, "--json"]);
  check(JSON.parse(report.stdout).runs.length === runs, "the report lacks runs");
  tell("report", report);
}

/** Gives every run of a sweep the files of one that was made. */
function finish(out, made) {
  const { runs, settings } = JSON.parse(readFileSync(join(out, "sweep.json"), "utf8"));
  for (const { id, label, seed } of runs) {
    const folder = join(out, "runs", id);
    mkdirSync(folder, { recursive: true });
    for (const name of READ) cpSync(join(made, name), join(folder, name));
    writeFileSync(join(folder, "settings.json"), JSON.stringify({ ...settings[label], seed }));
  }
}

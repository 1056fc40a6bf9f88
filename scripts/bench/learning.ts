import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { METHODS } from "../../agent/settings.js";
import { compareRuns, DEFINITIONS, type Estimate, isFinished, readRun } from "../comparison.js";
import { table } from "../tables.js";

export interface LearningOptions {
  readonly seeds: readonly number[];
  /** Runs at a time; each uses one core. */
  readonly jobs: number;
  /** Folder that holds or receives one run folder per method and seed. */
  readonly out: string;
}

/** Trains every method with every seed on the quick push profile (skipping finished runs) and compares them. */
export async function benchLearning({ seeds, jobs, out }: LearningOptions): Promise<string> {
  const queue = seeds.flatMap((seed) => METHODS.map((method) => ({ method, seed })));
  const folders = queue.map(({ method, seed }) => join(out, `${method}-${seed}`));
  const pending = queue
    .map((job, i) => ({ ...job, folder: folders[i] }))
    .filter(({ folder }) => !isFinished(folder));
  const worker = async () => {
    for (let job = pending.shift(); job !== undefined; job = pending.shift()) await trainOnce(job);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return formatComparison(folders);
}

function trainOnce(job: { method: string; seed: number; folder: string }): Promise<void> {
  const cli = fileURLToPath(new URL("../cli.js", import.meta.url));
  const begin = ["--suite", "push", "--profile", "quick", "--method", job.method, "--seed", `${job.seed}`];
  const one = ["--quiet", "--threads", "1"];
  const where = existsSync(job.folder) ? ["--resume", job.folder] : [...begin, "--out", job.folder];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, "train", ...one, ...where], { stdio: "inherit" });
    child.on("error", reject);
    child.on("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`${job.folder} ended with exit code ${code}`)),
    );
  });
}

/** The table of a set of finished runs, with its definitions. */
export function formatComparison(folders: readonly string[]): string {
  const rows = compareRuns(folders.map(readRun)).map(
    ({ method, average, forgetting, untouched, episodes }) => [
      method,
      show(average),
      show(forgetting),
      String(average.n),
      `${untouched} of ${episodes}`,
    ],
  );
  const head = ["method", "average", "forgetting", "n", "untouched episodes"];
  return `${table(head, rows)}\n${DEFINITIONS.join("\n")}`;
}

function show({ mean, low, high }: Estimate): string {
  return `${mean.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

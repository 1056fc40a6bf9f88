import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { addRuns, emptyManifest } from "../../../../scripts/sweep/manifest.js";
import { type Manifest, writeManifest } from "../../../../scripts/sweep/manifest-file.js";
import { baseOf, planRuns } from "../../../../scripts/sweep/plan.js";
import type { SlurmOptions, Submission } from "../../../../scripts/sweep/slurm/submissions.js";

const VERSIONS = { hypercrl: "0", physics: "0", node: "0", onnxruntime: "0" };

/** A sweep of one method with so many seeds, of which nothing is run. */
export async function makeSweep(out: string, seeds: number): Promise<Manifest> {
  const choice = {
    ...{ suite: "reacher", methods: [{ method: "single" }], assignments: ["tasks=1"] },
    seeds: Array.from({ length: seeds }, (_, i) => i + 1),
  };
  mkdirSync(join(out, "runs"), { recursive: true });
  const empty = emptyManifest(out, "reacher", baseOf(choice), VERSIONS);
  const manifest = addRuns(empty, await planRuns(choice, baseOf(choice), out));
  writeManifest(out, manifest);
  return manifest;
}

const OPTIONS: SlurmOptions = { cpus: 1, tries: 3, sbatch: [] };

/** A submission of all runs of a sweep, as many tasks as runs unless given. */
export function submissionOf(manifest: Manifest, tasks = manifest.runs.length): Omit<Submission, "schema"> {
  return {
    campaign: 1,
    name: "hypercrl-made-0123abcd-1",
    tasks,
    runs: manifest.runs.map(({ id }) => id),
    runMemory: 2 ** 30,
    acceptChangedSuite: false,
    options: OPTIONS,
  };
}

/** The `evaluation.json` of a finished run of one task. */
export const FINISHED = JSON.stringify({
  definition: "made",
  tasks: ["one"],
  random: [[0]],
  returns: [[[1]]],
});

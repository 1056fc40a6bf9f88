// usage: node test/slurm/main.mjs [--only kills,limits,memory,large] [--runs N] [--large SEEDS] [--seed N] [--keep]
// Sweeps on a Slurm cluster of this machine alone, which this starts and stops; says "skipped" where Slurm is not installed.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { testKills } from "./kills.mjs";
import { testLarge } from "./large.mjs";
import { testCancel, testPreemption, testTimeLimit } from "./limits.mjs";
import { testMemory } from "./memory.mjs";
import { Cluster, say } from "./tools.mjs";

const NODES = 3;
const TESTS = ["kills", "limits", "memory", "large"];
const { values } = parseArgs({
  options: {
    only: { type: "string", default: TESTS.join(",") },
    runs: { type: "string", default: "200" },
    /** Seconds between two kills, on average. */
    every: { type: "string", default: "8" },
    large: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    keep: { type: "boolean", default: false },
  },
});

const only = values.only.split(",");
const unknown = only.filter((name) => !TESTS.includes(name));
if (unknown.length > 0) throw new Error(`--only ${unknown.join(",")}; expected some of ${TESTS.join(",")}`);

const missing = ["slurmctld", "slurmd", "sbatch", "munged"].filter(
  (name) => spawnSync("sh", ["-c", `PATH=$PATH:/usr/sbin command -v ${name}`]).status !== 0,
);
if (missing.length > 0 || process.getuid?.() !== 0) {
  const why = missing.length > 0 ? `${missing.join(", ")} not installed` : "it needs root";
  console.log(`Slurm test skipped: ${why}`);
  process.exit(0);
}

/** Repeats what is killed and when, as far as a machine repeats anything. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const folder = mkdtempSync(join(tmpdir(), "hypercrl-slurm-"));

/** Removes what was made. What a job that still ends writes meanwhile shall not hide why a test failed. */
function remove() {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    say(`${folder} could not be removed: ${error.message}`);
  }
}

/** Runs a test on a cluster of its own. */
async function on(name, work, options = {}) {
  const cluster = new Cluster(join(folder, `cluster-${name}`), options);
  cluster.start(NODES);
  try {
    await work({ cluster, folder, nodes: NODES });
  } finally {
    cluster.stop();
  }
}

try {
  if (only.includes("kills")) {
    const [runs, every] = [Number(values.runs), Number(values.every)];
    await on("kills", (all) => testKills({ ...all, runs, every, rng: randomFrom(Number(values.seed)) }));
  }
  if (only.includes("limits")) {
    await on("limits", async (all) => {
      await testTimeLimit(all);
      await testPreemption(all);
      await testCancel(all);
    });
  }
  if (only.includes("memory")) await on("memory", testMemory, { groups: true });
  if (only.includes("large")) {
    const seeds = Number(values.large);
    await on("large", (all) => testLarge({ ...all, seeds }), { optimized: true });
  }
  say("all passed");
} finally {
  if (!values.keep) remove();
}

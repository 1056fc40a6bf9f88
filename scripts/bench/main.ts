import { parseArgs } from "node:util";
import { initPhysics } from "../../sim/world.js";
import { findSuite } from "../../tasks/registry.js";
import { table } from "../tables.js";
import { benchEnvironment } from "./environment.js";
import { benchLearning } from "./learning.js";
import { ROUNDS } from "./measure.js";
import { benchMemory } from "./memory.js";
import { benchPlanning } from "./planning.js";
import { benchTraining } from "./training.js";

const USAGE = `npm run bench                    planning, training and environment speed, memory over 1,000 episodes
npm run bench -- --json          the same as JSON
npm run bench -- learning [--seeds 1,2,3] [--jobs 2] [--out runs/learning]
                                 trains hypercrl, finetune and single on the quick push profile and compares them`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    seeds: { type: "string", default: "1,2,3" },
    jobs: { type: "string", default: "2" },
    out: { type: "string", default: "runs/learning" },
    help: { type: "boolean", default: false },
  },
});

async function speed(): Promise<void> {
  await initPhysics();
  const [task] = findSuite("push").tasks;
  const memory = await benchMemory(task, 1000);
  const planning = await benchPlanning(task);
  const training = await benchTraining(task, 4);
  const environment = (await benchEnvironment())[0];
  if (values.json) {
    console.log(JSON.stringify({ rounds: ROUNDS, planning, training, environment, memory }, null, 2));
    return;
  }
  const f = (x: number, digits = 1) => x.toFixed(digits);
  const rows = [
    [
      "plan one push action, 500 × 20 × 5, 200-200",
      `${f(planning.planMs)} ms, ${f(planning.planGflops, 0)} GFLOP/s`,
      `Gemm 1024³ ${f(planning.gemmGflops, 0)} GFLOP/s`,
      f(planning.ratio, 2),
    ],
    [
      `train one minibatch, push size, ${training.earlierTasks} earlier tasks, ${training.parameters} in Θ`,
      `${f(training.stepMs)} ms`,
      `one pass over Θ ${f(training.passMs, 2)} ms`,
      f(training.ratio),
    ],
    [
      "push environment step",
      `${f(environment.stepsPerSecond, 0)} steps/s, own code ${f(environment.ownMs, 3)} ms`,
      `Rapier ${f(environment.physicsMs, 2)} ms`,
      f(environment.ownShare, 3),
    ],
    [
      `resident memory over ${memory.episodes} push episodes of ${memory.stepsPerEpisode} steps`,
      `${f(memory.growthMb)} MB grown`,
      `${f(memory.startMb)} MB after ${memory.warmUp} episodes`,
      f(memory.growthMb / memory.startMb, 3),
    ],
  ];
  console.log(
    `${table(["what", "figure", "against, same run", "ratio"], rows, 3)}\nmedians of ${ROUNDS} rounds, one thread, node ${process.version}`,
  );
}

if (values.help || positionals.length > 1 || (positionals.length === 1 && positionals[0] !== "learning")) {
  console.log(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else if (positionals[0] === "learning") {
  const seeds = values.seeds.split(",").map(Number);
  console.log(await benchLearning({ seeds, jobs: Number(values.jobs), out: values.out }));
} else {
  await speed();
}

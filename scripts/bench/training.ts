import type { Learner } from "../../agent/learner.js";
import { elementAt } from "../../sim/core/element.js";
import { LONG_REPETITION, medians, REPETITION, type Repetition } from "./measure.js";
import { joinSections, named, type Section } from "./result.js";
import { describeLimit, gflops, gigabytes, limitOf, type Rates, rateJobs } from "./roofline.js";
import { type BenchSize, benchSize } from "./sizes.js";
import { begunLearner, randomData, thetaCount, trainingDemand, trainJob } from "./training-job.js";

/** A way to compute training steps: its name in the figures, the settings that choose it, and its threads. */
export interface TrainingEngine {
  readonly name: string;
  readonly assignments: readonly string[];
  readonly threads: number;
}

const ENGINES: readonly [TrainingEngine, ...TrainingEngine[]] = [
  { name: "fused", assignments: ["training.engine=fused"], threads: 1 },
  { name: "fused.threads2", assignments: ["training.engine=fused"], threads: 2 },
  { name: "graph", assignments: ["training.engine=graph"], threads: 1 },
];

const EARLIER = 4;

interface Plan extends Repetition {
  readonly size: BenchSize["name"];
  /** Minibatches in one call. */
  readonly steps: number;
}

const PLANS: readonly Plan[] = [
  { size: "push", steps: 20, ...REPETITION },
  { size: "door", steps: 2, ...LONG_REPETITION },
];

/** One HyperCRL minibatch at the published push and door sizes with four earlier tasks, all in the regulariser. */
export async function benchTraining(engines: readonly TrainingEngine[] = ENGINES): Promise<Section> {
  const sections: Section[] = [];
  for (const plan of PLANS) sections.push(await benchPlan(plan, engines));
  return joinSections(sections);
}

async function benchPlan(plan: Plan, engines: readonly TrainingEngine[]): Promise<Section> {
  const size = benchSize(plan.size);
  const data = randomData(size.task.spec, size.settings.dynamics.normalizeTargets);
  const learners: Learner[] = [];
  for (const { assignments, threads } of engines) {
    learners.push(await begunLearner(benchSize(plan.size, assignments), EARLIER + 1, threads));
  }
  const { jobs, rates } = await rateJobs(3 * thetaCount(size));
  const own = learners.map((learner) => trainJob(learner, data, plan.steps));
  const ms = await medians([...own, ...jobs], plan);
  for (const learner of learners) await learner.release();
  const measured = rates(ms.slice(own.length));
  return joinSections(engines.map(({ name }, i) => section(size, name, elementAt(ms, i, "times"), measured)));
}

function section(size: BenchSize, engine: string, ms: number, rates: Rates): Section {
  const demand = trainingDemand(size, EARLIER);
  const limit = limitOf(demand, rates);
  const theta = `${(thetaCount(size) / 1e6).toFixed(2)} M in Θ`;
  const row = {
    what: `train one ${size.name} minibatch, ${EARLIER} earlier tasks, ${theta}, ${engine.replace(".threads2", ", two threads")}`,
    figure: `${ms.toFixed(1)} ms`,
    against: describeLimit(demand, rates),
    ratio: (limit.ms / ms).toFixed(2),
  };
  const prefix = `training.${size.name}`;
  const figures = {
    ...named(`${prefix}.${engine}`, {
      ms: [ms, "ms"],
      rooflineShare: [limit.ms / ms, "share"],
    }),
    ...named(prefix, {
      limitMs: [limit.ms, "ms"],
      machineGflops: [gflops(rates), "GFLOP/s"],
      machineGigabytes: [gigabytes(rates), "GB/s"],
    }),
  };
  return { figures, rows: [row] };
}

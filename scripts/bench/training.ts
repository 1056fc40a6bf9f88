import type { Learner } from "../../agent/learner.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { type Job, LONG_REPETITION, medians, REPETITION, type Repetition } from "./measure.js";
import { eagerColumns, eagerFigures, joinSections, named, type Section } from "./result.js";
import { describeLimit, gflops, gigabytes, limitOf, type Rates, rateJobs } from "./roofline.js";
import { type BenchSize, benchSize } from "./sizes.js";
import type { EagerTorch } from "./torch.js";
import {
  begunLearner,
  eagerTraining,
  randomData,
  thetaCount,
  trainingDemand,
  trainJob,
} from "./training-job.js";

/** A way to compute training steps: its name in the figures, the settings that choose it, and its threads. */
export interface TrainingEngine {
  readonly name: string;
  readonly assignments: readonly string[];
  readonly threads: number;
}

export const ENGINES: readonly [TrainingEngine, ...TrainingEngine[]] = [
  { name: "fused", assignments: ["training.engine=fused"], threads: 1 },
  { name: "fused.threads2", assignments: ["training.engine=fused"], threads: 2 },
  { name: "graph", assignments: ["training.engine=graph"], threads: 1 },
];

/** Eager counterparts: the stronger one first, which the ratios of the rows are about. */
const EAGER = [
  { name: "torch", batchedTasks: true, text: "earlier tasks in one product" },
  { name: "torchOneByOne", batchedTasks: false, text: "earlier tasks one by one, as published" },
] as const;

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
export async function benchTraining(
  torch: EagerTorch | undefined,
  engines: readonly TrainingEngine[] = ENGINES,
): Promise<Section> {
  const sections: Section[] = [];
  for (const plan of PLANS) sections.push(await benchPlan(plan, engines, torch));
  return joinSections(sections);
}

async function benchPlan(
  plan: Plan,
  engines: readonly TrainingEngine[],
  torch: EagerTorch | undefined,
): Promise<Section> {
  const size = benchSize(plan.size);
  const data = randomData(size.task.spec, size.settings.dynamics.normalizeTargets);
  const learners: Learner[] = [];
  for (const { assignments, threads } of engines) {
    learners.push(await begunLearner(benchSize(plan.size, assignments), EARLIER + 1, threads));
  }
  const { jobs, rates } = await rateJobs(3 * thetaCount(size));
  const eager: Job[] = [];
  for (const { name, batchedTasks } of torch === undefined ? [] : EAGER)
    eager.push(await torch!.job(name, eagerTraining(size, EARLIER, plan.steps, batchedTasks)));
  const own = learners.map((learner) => trainJob(learner, data, plan.steps));
  const ms = await medians([...own, ...jobs, ...eager], plan);
  for (const learner of learners) await learner.release();
  for (const { name } of torch === undefined ? [] : EAGER) await torch!.release(name);
  const measured = rates(ms.slice(own.length));
  const eagerMs = ms.slice(own.length + jobs.length).map((call) => call / plan.steps);
  const sections = engines.map(({ name }, i) =>
    section(size, name, elementAt(ms, i, "times"), measured, eagerMs[0]),
  );
  return joinSections([...sections, ...eagerSections(size, firstOf(ms, "times"), eagerMs)]);
}

/** Every eager counterpart against the first engine. */
function eagerSections({ name: size }: BenchSize, ownMs: number, eagerMs: readonly number[]): Section[] {
  return eagerMs.map((ms, i) => {
    const { name, text } = elementAt(EAGER, i, "eager counterparts");
    const row = {
      what: `the ${size} minibatch in eager PyTorch, ${text}`,
      figure: `${ms.toFixed(1)} ms`,
      against: `ours, ${ENGINES[0].name}: ${ownMs.toFixed(1)} ms`,
      ratio: (ownMs / ms).toFixed(3),
    };
    const figures = named(`training.${size}.${name}`, { ms: [ms, "ms"], ours: [ownMs / ms, "ratio"] });
    return { figures, rows: [row] };
  });
}

function section(
  size: BenchSize,
  engine: string,
  ms: number,
  rates: Rates,
  eagerMs: number | undefined,
): Section {
  const demand = trainingDemand(size, EARLIER);
  const limit = limitOf(demand, rates);
  const theta = `${(thetaCount(size) / 1e6).toFixed(2)} M in Θ`;
  const row = {
    what: `train one ${size.name} minibatch, ${EARLIER} earlier tasks, ${theta}, ${engine.replace(".threads2", ", two threads")}`,
    figure: `${ms.toFixed(1)} ms`,
    against: describeLimit(demand, rates),
    ratio: (limit.ms / ms).toFixed(2),
    ...eagerColumns(ms, eagerMs),
  };
  const prefix = `training.${size.name}`;
  const figures = {
    ...named(`${prefix}.${engine}`, {
      ms: [ms, "ms"],
      rooflineShare: [limit.ms / ms, "share"],
      ...eagerFigures(ms, eagerMs),
    }),
    ...named(prefix, {
      limitMs: [limit.ms, "ms"],
      machineGflops: [gflops(rates), "GFLOP/s"],
      machineGigabytes: [gigabytes(rates), "GB/s"],
    }),
  };
  return { figures, rows: [row] };
}

import { elementAt, firstOf } from "../../sim/core/element.js";
import { medianOf } from "../../sim/core/median.js";
import { medians, REPETITION } from "./measure.js";
import { residentMb } from "./memory.js";
import { joinSections, named, type Row, type Section } from "./result.js";
import { describeLimit, limitOf, type Rates, rateJobs } from "./roofline.js";
import { benchSize } from "./sizes.js";
import {
  begunLearner,
  newLearner,
  randomData,
  thetaCount,
  trainingDemand,
  trainJob,
} from "./training-job.js";

/** Tasks begun when the cost is measured; the last of them is being learned. */
const TASKS = [2, 5, 10, 20] as const;
/** Minibatches in one call. */
const STEPS = 10;
const MOST_TASKS = Math.max(...TASKS);

/** `regularizedTasks` and how many earlier tasks that makes of those there are. */
const VARIANTS = [
  { name: "one", value: "1", text: "one of the earlier tasks drawn", regularized: () => 1 },
  { name: "all", value: "all", text: "all earlier tasks", regularized: (earlier: number) => earlier },
] as const;
type Variant = (typeof VARIANTS)[number];

const sizeOf = ({ value }: Variant) => benchSize("push", [`hypernetwork.regularizedTasks=${value}`]);

/**
 * Time of a minibatch and memory as tasks come, at the published push size: with one earlier task drawn per
 * minibatch, which shall stay flat, and with all of them, as published.
 */
export async function benchFlatCost(): Promise<Section> {
  // First, so that the memory read is not that of the learners to be timed.
  const memory = memorySection(await memoryByTasks());
  return joinSections([await timeSections(), memory]);
}

async function timeSections(): Promise<Section> {
  const points = VARIANTS.flatMap((variant) => TASKS.map((tasks) => ({ variant, tasks })));
  const { settings, task } = sizeOf(VARIANTS[0]);
  const data = randomData(task.spec, settings.dynamics.normalizeTargets);
  const learners = [];
  for (const { variant, tasks } of points) learners.push(await begunLearner(sizeOf(variant), tasks));
  const { jobs, rates } = await rateJobs(3 * thetaCount(sizeOf(VARIANTS[0])));
  const own = learners.map((learner) => trainJob(learner, data, STEPS));
  const ms = await medians([...own, ...jobs], REPETITION);
  for (const learner of learners) await learner.release();
  const measured = rates(ms.slice(own.length));
  return joinSections(
    VARIANTS.map((variant, v) =>
      timeSection(variant, ms.slice(v * TASKS.length, (v + 1) * TASKS.length), measured),
    ),
  );
}

/** @param ms time of a minibatch at each of `TASKS` */
function timeSection(variant: Variant, ms: readonly number[], rates: Rates): Section {
  const size = sizeOf(variant);
  const points = TASKS.map((tasks, i) => ({
    tasks,
    ms: elementAt(ms, i, "times"),
    demand: trainingDemand(size, variant.regularized(tasks - 1)),
  }));
  const first = firstOf(points, "numbers of tasks");
  const last = elementAt(points, points.length - 1, "numbers of tasks");
  const growth = last.ms / first.ms;
  const rows: Row[] = points.map(({ tasks, ms: own, demand }) => ({
    what: `train one push minibatch in task ${tasks}, ${variant.text}`,
    figure: `${own.toFixed(1)} ms`,
    against: describeLimit(demand, rates),
    ratio: (limitOf(demand, rates).ms / own).toFixed(2),
  }));
  rows.push({
    what: `the same in task ${last.tasks} against task ${first.tasks}, ${variant.text}`,
    figure: `${last.ms.toFixed(1)} ms`,
    against: `${first.ms.toFixed(1)} ms`,
    ratio: growth.toFixed(2),
  });
  const figures = points.map(({ tasks, ms: own, demand }) =>
    named(`flat.${variant.name}.tasks${tasks}`, {
      ms: [own, "ms"],
      rooflineShare: [limitOf(demand, rates).ms / own, "share"],
    }),
  );
  return {
    figures: Object.assign({}, ...figures, named(`flat.${variant.name}`, { growth: [growth, "ratio"] })),
    rows,
  };
}

interface Held {
  readonly tasks: number;
  /** What the learner keeps, MB: Θ, moments, embeddings, targets. */
  readonly learnerMb: number;
  /** Resident memory of the process, MB, median of some readings. */
  readonly residentMb: number;
}

/** Takes one learner from task to task with a short training call in each. */
async function memoryByTasks(): Promise<Held[]> {
  const size = sizeOf(VARIANTS[0]);
  const learner = newLearner(size);
  const train = trainJob(learner, randomData(size.task.spec, false), STEPS);
  const held: Held[] = [];
  for (let task = 0; task < MOST_TASKS; task++) {
    await learner.beginTask(task);
    const readings: number[] = [];
    const reads = (TASKS as readonly number[]).includes(task + 1);
    for (let i = 0; i < (reads ? REPETITION.rounds : 1); i++) {
      await train();
      if (reads) readings.push(await residentMb());
    }
    if (!reads) continue;
    const arrays = Object.values((await learner.state()).arrays);
    const learnerMb = arrays.reduce((bytes, { data }) => bytes + data.byteLength, 0) / 1e6;
    held.push({ tasks: task + 1, learnerMb, residentMb: medianOf(readings) });
  }
  await learner.release();
  return held;
}

function memorySection(held: readonly Held[]): Section {
  const first = firstOf(held, "readings of memory");
  const rows = held.map(
    ({ tasks, learnerMb, residentMb: resident }): Row => ({
      what: `memory of a push learner in task ${tasks}: what it keeps, and the process`,
      figure: `${learnerMb.toFixed(1)} MB, ${resident.toFixed(0)} MB`,
      against: `${first.learnerMb.toFixed(1)} MB, ${first.residentMb.toFixed(0)} MB in task ${first.tasks}`,
      ratio: (learnerMb / first.learnerMb).toFixed(2),
    }),
  );
  const figures = held.map(({ tasks, learnerMb, residentMb: resident }) =>
    named(`flat.memory.tasks${tasks}`, { learner: [learnerMb, "MB"], resident: [resident, "MB"] }),
  );
  return { figures: Object.assign({}, ...figures), rows };
}

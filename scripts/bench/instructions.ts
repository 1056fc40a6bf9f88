import { kernelObstacle } from "../../agent/kernel/module.js";
import type { Learner } from "../../agent/learner.js";
import { elementAt } from "../../sim/core/element.js";
import { LONG_REPETITION, medians, timedOnProcessor } from "./measure.js";
import { joinSections, named, type Section } from "./result.js";
import { type BenchSize, benchSize } from "./sizes.js";
import { begunLearner, randomData, trainJob } from "./training-job.js";

const EARLIER = 4;

interface Plan {
  readonly size: BenchSize["name"];
  readonly profile: "quick" | "paper";
  /** Minibatches in one call. */
  readonly steps: number;
}

const PLANS: readonly Plan[] = [
  { size: "push", profile: "quick", steps: 40 },
  { size: "push", profile: "paper", steps: 20 },
  { size: "door", profile: "paper", steps: 2 },
];

/** A minibatch with relaxed SIMD against one of the plain kernel, in turn, by processor time; nothing where the machine has only one. */
export async function benchInstructions(): Promise<Section> {
  const sections: Section[] = [];
  if (kernelObstacle("relaxed") !== undefined) return joinSections(sections);
  for (const plan of PLANS) sections.push(await benchOne(plan));
  return joinSections(sections);
}

async function benchOne({ size: name, profile, steps }: Plan): Promise<Section> {
  const sizes = ["relaxed", "fused"].map((engine) => benchSize(name, [`training.engine=${engine}`], profile));
  const learners: Learner[] = [];
  for (const size of sizes) learners.push(await begunLearner(size, EARLIER + 1));
  const jobs = sizes.map(({ task, settings }, i) => {
    const data = randomData(task.spec, settings.dynamics.normalizeTargets);
    return trainJob(elementAt(learners, i, "learners"), data, steps, timedOnProcessor);
  });
  const ms = await medians(jobs, LONG_REPETITION);
  for (const learner of learners) await learner.release();
  const [relaxed, plain] = [elementAt(ms, 0, "times"), elementAt(ms, 1, "times")];
  const figures = named(`training.instructions.${name}.${profile}`, {
    ms: [relaxed, "ms"],
    plainMs: [plain, "ms"],
    ratio: [relaxed / plain, "ratio"],
  });
  const row = {
    what: `train one ${profile} ${name} minibatch, ${EARLIER} earlier tasks, relaxed SIMD`,
    figure: `${relaxed.toFixed(2)} ms`,
    against: `simd128: ${plain.toFixed(2)} ms`,
    ratio: (relaxed / plain).toFixed(2),
  };
  return { figures, rows: [row] };
}

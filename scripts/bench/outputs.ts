import type { Learner } from "../../agent/learner.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { LONG_REPETITION, medians, timedOnProcessor } from "./measure.js";
import { joinSections, named, type Section } from "./result.js";
import { type BenchSize, benchSize } from "./sizes.js";
import { begunLearner, randomData, thetaCount, trainJob } from "./training-job.js";

/** What the hypernetwork generates, by name, and the settings that choose it; the first is what the others are compared with. */
const OUTPUTS = [
  ["full", []],
  ["lowRank4", ["hypernetwork.output=low-rank", "hypernetwork.rank=4"]],
  ["lowRank8", ["hypernetwork.output=low-rank", "hypernetwork.rank=8"]],
  ["hypercomplex2", ["hypernetwork.output=hypercomplex", "hypernetwork.algebra=2"]],
  ["hypercomplex4", ["hypernetwork.output=hypercomplex", "hypernetwork.algebra=4"]],
  ["mip", ["hypernetwork.init=base", "hypernetwork.encoding=angles"]],
] as const;
/** All in the regulariser. */
const EARLIER = 4;
/** Minibatches in one call. */
const STEPS: Readonly<Record<BenchSize["name"], number>> = { push: 10, door: 2 };

/**
 * The processor time of one HyperCRL minibatch at the published sizes with four earlier tasks, for each form of what the hypernetwork
 * generates.
 */
export async function benchOutputs(): Promise<Section> {
  return joinSections([await benchSuite("push"), await benchSuite("door")]);
}

async function benchSuite(name: BenchSize["name"]): Promise<Section> {
  const sizes = OUTPUTS.map(([, changes]) => benchSize(name, changes));
  const data = randomData(firstOf(sizes, "sizes").task.spec, false);
  const learners: Learner[] = [];
  for (const size of sizes) learners.push(await begunLearner(size, EARLIER + 1));
  const ms = await medians(
    learners.map((learner) => trainJob(learner, data, STEPS[name], timedOnProcessor)),
    LONG_REPETITION,
  );
  for (const learner of learners) await learner.release();
  const full = firstOf(ms, "times");
  return joinSections(
    OUTPUTS.map(([output], i) => {
      const time = elementAt(ms, i, "times");
      const theta = thetaCount(elementAt(sizes, i, "sizes"));
      const figures = named(`training.outputs.${name}.${output}`, {
        ms: [time, "ms"],
        ratio: [time / full, "ratio"],
      });
      const row = {
        what: `train one ${name} minibatch, ${EARLIER} earlier tasks, ${output}: ${(theta / 1e6).toFixed(2)} M in Θ`,
        figure: `${time.toFixed(2)} ms`,
        against: `full: ${full.toFixed(2)} ms`,
        ratio: (time / full).toFixed(2),
      };
      return { figures, rows: [row] };
    }),
  );
}

import type { Learner } from "../../agent/learner.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { LONG_REPETITION, medians } from "./measure.js";
import { joinSections, named, type Section } from "./result.js";
import { type BenchSize, benchSize } from "./sizes.js";
import { begunLearner, randomData, trainJob } from "./training-job.js";

const MEMBERS = [1, 2, 4] as const;
/** Earlier tasks, all in the regulariser: none, and as many as the last of five tasks has. */
const EARLIER = [0, 4] as const;
/** Minibatches in one call. */
const STEPS = 5;

/** One minibatch of an ensemble of n embeddings on one hypernetwork against that of a single network, at quick sizes. */
export async function benchMembers(): Promise<Section> {
  const sections: Section[] = [];
  for (const name of ["push", "door"] as const) {
    for (const earlier of EARLIER) sections.push(await benchOne(name, earlier));
  }
  return joinSections(sections);
}

async function benchOne(name: BenchSize["name"], earlier: number): Promise<Section> {
  const sizes = MEMBERS.map((members) => benchSize(name, [`dynamics.members=${members}`], "quick"));
  const data = randomData(firstOf(sizes, "sizes").task.spec, true);
  const learners: Learner[] = [];
  for (const size of sizes) learners.push(await begunLearner(size, earlier + 1));
  const ms = await medians(
    learners.map((learner) => trainJob(learner, data, STEPS)),
    LONG_REPETITION,
  );
  for (const learner of learners) await learner.release();
  const one = firstOf(ms, "times");
  return joinSections(
    MEMBERS.map((members, i) => {
      const time = elementAt(ms, i, "times");
      const figures = named(`training.members.${name}.earlier${earlier}.members${members}`, {
        ms: [time, "ms"],
        ratio: [time / one, "ratio"],
      });
      const row = {
        what: `train one quick ${name} minibatch, ${earlier} earlier tasks, ${members} members`,
        figure: `${time.toFixed(2)} ms`,
        against: `one network: ${one.toFixed(2)} ms`,
        ratio: (time / one).toFixed(2),
      };
      return { figures, rows: [row] };
    }),
  );
}

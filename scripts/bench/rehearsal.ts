import type { Learner } from "../../agent/learner.js";
import { createLearner } from "../../agent/methods/method.js";
import { findMethod } from "../../agent/methods/registry.js";
import type { Settings } from "../../agent/settings/schema.js";
import { elementAt } from "../../sim/core/element.js";
import { Rng } from "../../sim/core/rng.js";
import { medians, REPETITION } from "./measure.js";
import { joinSections, named, type Row, type Section } from "./result.js";
import { type BenchSize, benchSize } from "./sizes.js";
import { randomData, type TrainingData, trainJob } from "./training-job.js";

/** Tasks begun when a minibatch is measured. */
const TASKS = [1, 3, 5] as const;
/** Minibatches in one call. */
const STEPS = 20;
const METHODS = ["multitask-hypernet", "replay-hypernet"] as const;
const ENGINES = ["fused", "graph"] as const satisfies readonly Settings["training"]["engine"][];

/** One minibatch of the methods that rehearse, with the kernel and with the ONNX graph, at push's quick size. */
export async function benchRehearsal(): Promise<Section> {
  const size = benchSize("push", ["dynamics.hidden=[100,100]", "dynamics.normalizeTargets=true"]);
  const data = randomData(size.task.spec, true);
  const points = METHODS.flatMap((method) => TASKS.map((tasks) => ({ method, tasks })));
  const learners: Learner[] = [];
  for (const { method, tasks } of points) {
    for (const engine of ENGINES) learners.push(await rehearsing(size, data, { method, engine, tasks }));
  }
  const ms = await medians(
    learners.map((learner) => trainJob(learner, data, STEPS)),
    REPETITION,
  );
  for (const learner of learners) await learner.release();
  return joinSections(
    points.map(({ method, tasks }, i) => {
      const fused = elementAt(ms, ENGINES.length * i, "times");
      const graph = elementAt(ms, ENGINES.length * i + 1, "times");
      const row: Row = {
        what: `train one quick push minibatch of ${method} in task ${tasks}`,
        figure: `${fused.toFixed(1)} ms`,
        against: `ONNX graph: ${graph.toFixed(1)} ms`,
        ratio: (fused / graph).toFixed(2),
      };
      const figures = named(`rehearsal.${method}.tasks${tasks}`, {
        ms: [fused, "ms"],
        graph: [graph, "ms"],
        ratio: [fused / graph, "ratio"],
      });
      return { figures, rows: [row] };
    }),
  );
}

/** A learner in its last task, with stored transitions of those before. */
async function rehearsing(
  { settings, dynamics }: BenchSize,
  { buffer, normalizer }: TrainingData,
  {
    method,
    engine,
    tasks,
  }: {
    method: Settings["method"];
    engine: Settings["training"]["engine"];
    tasks: number;
  },
): Promise<Learner> {
  const own = { ...settings, method, training: { ...settings.training, engine } };
  const learner = createLearner(findMethod(method), own, dynamics, Rng.fromSeed(1).split("learner"));
  for (let task = 0; task < tasks; task++) {
    if (task > 0) await learner.endTask(buffer, normalizer, Rng.fromSeed(4).split(`task${task}`));
    await learner.beginTask(task);
  }
  return learner;
}

import { dynamicsShape } from "../../agent/dynamics.js";
import { hypernetworkParameters } from "../../agent/hypernetwork.js";
import { createLearner } from "../../agent/methods/registry.js";
import { Normalizer } from "../../agent/normalizer.js";
import { ReplayBuffer } from "../../agent/replay-buffer.js";
import { resolveSettings } from "../../agent/settings.js";
import { Rng } from "../../sim/core/rng.js";
import type { Task } from "../../sim/task.js";
import { medians, memoryPassJob } from "./measure.js";

export interface TrainingFigures {
  /** Numbers in Θ. */
  readonly parameters: number;
  readonly earlierTasks: number;
  /** One minibatch step, ms. */
  readonly stepMs: number;
  /** One pass over Θ's memory (read once, write once), ms. */
  readonly passMs: number;
  readonly ratio: number;
}

const STEPS_PER_CALL = 20;

/** One HyperCRL minibatch at the published push size with earlier tasks in the regulariser. */
export async function benchTraining(task: Task, earlierTasks: number): Promise<TrainingFigures> {
  const settings = resolveSettings({
    suite: "push",
    method: "hypercrl",
    profile: "paper",
    seed: 1,
    suiteTasks: 1,
  });
  const { spec } = task;
  const rng = Rng.fromSeed(1);
  const dynamics = dynamicsShape(spec, settings.dynamics.hidden, settings.dynamics.activation);
  const learner = createLearner(settings, dynamics, rng.split("learner"));
  for (let t = 0; t <= earlierTasks; t++) await learner.beginTask(t);
  const buffer = new ReplayBuffer(spec, 1000);
  const normalizer = new Normalizer(buffer.inputSize, buffer.targetSize, true);
  const draw = (n: number) => Float32Array.from({ length: n }, () => rng.normal());
  for (let i = 0; i < 1000; i++) {
    const { input, target } = buffer.add(
      draw(spec.observation.length),
      draw(spec.action.length),
      draw(spec.observation.length),
    );
    normalizer.add(input, target);
  }
  const arrays = normalizer.arrays();
  const target = { ...settings.hypernetwork, target: dynamics };
  const parameters = hypernetworkParameters(target).reduce((n, { shape }) => n + shape[0] * shape[1], 0);
  const [callMs, passMs] = await medians([
    () => learner.train(buffer, arrays, STEPS_PER_CALL, rng),
    memoryPassJob(parameters),
  ]);
  await learner.release();
  const stepMs = callMs / STEPS_PER_CALL;
  return { parameters, earlierTasks, stepMs, passMs, ratio: stepMs / passMs };
}

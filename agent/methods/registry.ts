import type { Rng } from "../../sim/core/rng.js";
import { type Compute, ONE_THREAD } from "../compute.js";
import type { MlpShape } from "../dynamics.js";
import type { Settings } from "../settings.js";
import { HyperCrlLearner } from "./hypercrl.js";
import { MlpLearner } from "./mlp.js";
import type { Learner, LearnerOptions } from "./types.js";

type LearnerFactory = (options: LearnerOptions, settings: Settings) => Learner;

const plain =
  (sharing: "single" | "finetune"): LearnerFactory =>
  (options, { mlp }) =>
    new MlpLearner({ ...options, ...mlp, sharing });

const LEARNERS: Readonly<Record<Settings["method"], LearnerFactory>> = {
  hypercrl: (options, { hypernetwork, training }) =>
    new HyperCrlLearner({
      ...options,
      hypernetwork,
      learningRate: hypernetwork.learningRate,
      embeddingLearningRate: hypernetwork.embeddingLearningRate,
      beta: hypernetwork.beta,
      regularizedTasks: hypernetwork.regularizedTasks,
      engine: training.engine,
    }),
  finetune: plain("finetune"),
  single: plain("single"),
};

/** Makes the learner that `settings.method` names. */
export function createLearner(
  settings: Settings,
  dynamics: MlpShape,
  rng: Rng,
  compute: Compute = ONE_THREAD,
): Learner {
  const { batchSize, clipNorm } = settings.training;
  return LEARNERS[settings.method]({ dynamics, batchSize, clipNorm, rng, compute }, settings);
}

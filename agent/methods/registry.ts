import type { Rng } from "../../sim/core/rng.js";
import { type Compute, ONE_THREAD } from "../compute.js";
import type { Learner, LearnerOptions } from "../learner.js";
import type { StepSizes } from "../model/adam.js";
import type { MlpShape } from "../model/dynamics.js";
import type { Settings } from "../settings/schema.js";
import { ConsolidationLearner, type Importance } from "./consolidation.js";
import { HyperCrlLearner } from "./hypercrl.js";
import { FisherImportance, PathImportance } from "./importance.js";
import { MlpLearner } from "./mlp.js";
import { ProgressiveLearner, progressiveShape } from "./progressive.js";
import { RehearsalLearner } from "./rehearsal.js";
import { RehearsingHypernetLearner } from "./rehearsing-hypernet.js";

type LearnerFactory = (options: LearnerOptions, settings: Settings) => Learner;

const stepSizes = ({ learningRate, endFactor }: Required<StepSizes>): StepSizes => ({
  learningRate,
  endFactor,
});

const plain =
  (sharing: "single" | "finetune"): LearnerFactory =>
  (options, { mlp }) =>
    new MlpLearner({ ...options, ...stepSizes(mlp), sharing });

const rehearsal =
  (keep: (settings: Settings) => "all" | number): LearnerFactory =>
  (options, settings) =>
    new RehearsalLearner({ ...options, ...stepSizes(settings.mlp), keep: keep(settings) });

const consolidation =
  (importance: (options: LearnerOptions, settings: Settings) => Importance): LearnerFactory =>
  (options, settings) =>
    new ConsolidationLearner({
      ...options,
      ...stepSizes(settings.mlp),
      importance: importance(options, settings),
    });

/** The options that all methods with a hypernetwork take from the settings. */
const hypernetworkOptions = ({ hypernetwork, training }: Settings) => ({
  hypernetwork,
  ...stepSizes(hypernetwork),
  embeddingLearningRate: hypernetwork.embeddingLearningRate,
  beta: hypernetwork.beta,
  regularizedTasks: hypernetwork.regularizedTasks,
  engine: training.engine,
});

const rehearsingHypernet =
  (keep: (settings: Settings) => "all" | number): LearnerFactory =>
  (options, settings) => {
    const { hypernetwork, training } = settings;
    const { engine } = training;
    return new RehearsingHypernetLearner({
      ...options,
      hypernetwork,
      ...stepSizes(hypernetwork),
      engine,
      keep: keep(settings),
    });
  };

const LEARNERS: Readonly<Record<Settings["method"], LearnerFactory>> = {
  hypercrl: (options, settings) => new HyperCrlLearner({ ...options, ...hypernetworkOptions(settings) }),
  chunked: (options, settings) => {
    const { hidden, chunk, chunkEmbedding } = settings.chunked;
    const chunks = { size: chunk, embedding: chunkEmbedding };
    // All chunks share the last layer's columns, so that no initial scale can fit one of them.
    const hypernetwork = { ...settings.hypernetwork, hidden, chunks, init: "xavier" } as const;
    return new HyperCrlLearner({ ...options, ...hypernetworkOptions(settings), hypernetwork });
  },
  "multitask-hypernet": rehearsingHypernet(() => "all"),
  "replay-hypernet": rehearsingHypernet(({ hypernetwork }) => hypernetwork.coresetSize),
  finetune: plain("finetune"),
  single: plain("single"),
  multitask: rehearsal(() => "all"),
  coreset: rehearsal(({ mlp }) => mlp.coresetSize),
  ewc: consolidation(({ dynamics }, { mlp }) => new FisherImportance(dynamics, mlp.ewcLambda)),
  si: consolidation((_, { mlp }) => new PathImportance(mlp.siStrength, mlp.siDamping)),
  pnn: (options, { mlp }) => new ProgressiveLearner({ ...options, ...stepSizes(mlp) }),
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

/** The network whose weights a learner gives for a task: with `pnn` it grows with each. */
export function networkShape(method: Settings["method"], dynamics: MlpShape, task: number): MlpShape {
  return method === "pnn" ? progressiveShape(dynamics, task) : dynamics;
}

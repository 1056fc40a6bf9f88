import type { Profile } from "../../sim/core/profiles.js";
import { ONCE } from "./schedule.js";
import type { Settings } from "./schema.js";

/** What a profile says of the planner; every other planner setting is at its own default. */
type PlannerProfile = Pick<Settings["planner"], "name" | "horizon"> & Partial<Settings["planner"]>;

/** The groups of settings that a profile decides. */
export interface ProfileValues
  extends Pick<Settings, "loop" | "dynamics" | "training" | "hypernetwork" | "mlp"> {
  readonly planner: PlannerProfile;
}

/** Of no use while an agent is told which task it faces. */
const DISCOVERY = {
  boundaries: "told",
  detectorRise: 5,
  detectorThreshold: 10,
  detectorWarmUp: 600,
  detectorWindow: 200,
  mostTasks: 20,
} as const;

/** As published for push (Huang et al. 2021). */
const paper: ProfileValues = {
  loop: {
    initialRandomSteps: 2000,
    randomHold: 1,
    stepsPerTask: 4000,
    trainEvery: 200,
    trainIterations: 2000,
    trainLag: 0,
    bufferCapacity: 6000,
    learningEpisodeSteps: 0,
    learningStarts: "shared",
    learningModel: "ensemble",
    explorationStd: 0,
    evaluateTasks: "all",
    schedule: ONCE,
    ...DISCOVERY,
    evaluationEpisodes: 10,
  },
  dynamics: {
    hidden: [200, 200],
    activation: "relu",
    normalizeTargets: false,
    outputVariance: false,
    history: 0,
    members: 1,
    outlierLimit: 0,
    normalizer: "task",
  },
  training: { batchSize: 100, clipNorm: 5, engine: "fused" },
  hypernetwork: {
    embedding: 10,
    hidden: [50, 50],
    activation: "elu",
    init: "xavier",
    learningRate: 1e-4,
    embeddingLearningRate: 1e-4,
    endFactor: 1,
    beta: 0.05,
    regularizedTasks: "all",
    coresetSize: 100,
    lookAheadEpsilon: "uncorrected",
    output: "full",
    rank: 4,
    algebra: 2,
    encoding: "none",
    start: "random",
  },
  mlp: {
    learningRate: 1e-3,
    endFactor: 1,
    coresetSize: 100,
    ewcLambda: 1e4,
    siStrength: 0.1,
    siDamping: 1e-3,
    ftlRidge: 1,
  },
  planner: { name: "cem", horizon: 20, warmStart: false, chooseBest: true },
};

/** Minutes on a laptop. */
const quick: ProfileValues = {
  ...paper,
  loop: {
    initialRandomSteps: 1200,
    randomHold: 6,
    stepsPerTask: 3000,
    trainEvery: 200,
    trainIterations: 600,
    trainLag: 0,
    bufferCapacity: 4200,
    learningEpisodeSteps: 0,
    learningStarts: "shared",
    learningModel: "ensemble",
    explorationStd: 0,
    evaluateTasks: "all",
    schedule: ONCE,
    ...DISCOVERY,
    evaluationEpisodes: 10,
  },
  dynamics: { ...paper.dynamics, hidden: [100, 100], normalizeTargets: true },
  hypernetwork: {
    ...paper.hypernetwork,
    init: "hyperfan",
    learningRate: 1e-3,
    embeddingLearningRate: 1e-3,
    // So that a minibatch takes no longer with more tasks; with up to six tasks it is the same as all.
    regularizedTasks: 5,
    lookAheadEpsilon: "corrected",
  },
  planner: { name: "icem", horizon: 20, samples: 125, elites: 10, momentum: 0 },
};

/** The values of each profile, before what a suite and a method change. */
export const PROFILE_VALUES: Readonly<Record<Profile, ProfileValues>> = { quick, paper };

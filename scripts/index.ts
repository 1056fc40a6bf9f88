/**
 * HyperCRL as a library: train and evaluate, bring tasks of your own, or use the parts one by one.
 * @example
 * import { train } from "hypercrl";
 * const { summary, folder } = await train({ suite: "push", method: "hypercrl", profile: "quick", seed: 1 });
 * @module
 */

/** What the settings of a method or planner of one's own are written with. */
export { z } from "zod";

export { Agent } from "../agent/agent.js";
export type { AgentState } from "../agent/agent-state.js";
export { type Catalog, extendCatalog, type Parts, partsOf } from "../agent/catalog.js";
export type { EvaluationStarts, StartsNote } from "../agent/evaluation/evaluation-starts.js";
export type { ModelError } from "../agent/evaluation/model-error.js";
export type { Recognition, SwitchRecognition } from "../agent/evaluation/recognition.js";
export type { SwitchSteps } from "../agent/evaluation/task-switches.js";
export { encodeModel } from "../agent/graph/encode.js";
export { gradients } from "../agent/graph/gradients.js";
export { Graph, type Shape, type Tensor } from "../agent/graph/graph.js";
export { type LoopResult, loop } from "../agent/graph/loop.js";
/** Operations on the tensors of a `Graph`: `operations.add(a, b)`, `operations.gemm(x, w)`, … */
export * as operations from "../agent/graph/operations.js";
export { type Feeds, Session, tensor } from "../agent/graph/session.js";
export type { Learner, LearnerOptions, LearnerState, TrainingReport } from "../agent/learner.js";
export { ContinualLoop } from "../agent/loop/loop.js";
export type { LoopServices } from "../agent/loop/services.js";
export type { MemoryNeed, MemoryPart } from "../agent/memory.js";
export { defineMethod, type LearnerSize, type Method } from "../agent/methods/method.js";
export { PlainLearner, type PlainOptions } from "../agent/methods/plain-learner.js";
export { joinMembers } from "../agent/model/ensemble.js";
export { type Activation, type MlpShape, networkFromParts, weightCount } from "../agent/model/network.js";
export { Normalizer, type NormalizerArrays } from "../agent/model/normalizer.js";
export { ParameterGroup, type ParameterSpec } from "../agent/model/parameters.js";
export { ReplayBuffer, type TrainingData } from "../agent/model/replay-buffer.js";
export { graphRewards } from "../agent/rollout/graph-reward.js";
export type { Progress } from "../agent/run/checkpoint-document.js";
export { EvaluationMatrix } from "../agent/run/evaluation-matrix.js";
export type { Versions } from "../agent/run/origin.js";
export type { MetricsRecord } from "../agent/run/records.js";
export type { RunEvent } from "../agent/run/run-events.js";
export { type NewRunOptions, RunStore } from "../agent/run/store.js";
export type { TimingRecord } from "../agent/run/timing-records.js";
export { describeSettings, type SettingDescription } from "../agent/settings/describe.js";
export { resolveSettings, type SettingsChoice } from "../agent/settings/resolve.js";
export { type Settings, type SettingsCatalog, settingsSchema } from "../agent/settings/schema.js";
export { drawRows, predictionLoss } from "../agent/training/minibatches.js";
export { bodyParts, flatValues, joined, networkParameters } from "../agent/training/network-parts.js";
export {
  type NetworkOptions,
  NetworkTrainer,
  type NetworkTrainerOptions,
  type ObjectiveTensors,
} from "../agent/training/network-trainer.js";
export { type CemSettings, createCem } from "../planners/cem.js";
export { plannerFields } from "../planners/fields.js";
export { createGradient, type GradientSettings } from "../planners/gradient.js";
export { createIcem, type IcemSettings } from "../planners/icem.js";
export { createMppi, type MppiSettings } from "../planners/mppi.js";
export { createPddm, type PddmSettings } from "../planners/pddm.js";
export { createRandom, type RandomSettings } from "../planners/random.js";
export { builtinPlanners } from "../planners/registry.js";
export {
  type CostFunction,
  type CostGradient,
  type CostGradientFunction,
  definePlanner,
  type Planner,
  type PlannerDefinition,
  type PlannerFactory,
  type PlannerState,
  type PlanningProblem,
  type SamplingPlanner,
} from "../planners/types.js";
export { ChannelSpan } from "../sim/channel-span.js";
export { type ErrorDetails, HyperCrlError, InputError, RunError, UsageError } from "../sim/core/errors.js";
export { eagerOps, type Ops } from "../sim/core/ops.js";
export type { ProfileDefaults } from "../sim/core/profiles.js";
export { Rng, type RngState } from "../sim/core/rng.js";
export { defaultValues, type SettingFields, type SettingValues } from "../sim/core/setting-fields.js";
export {
  Environment,
  type EnvironmentOptions,
  type EnvironmentState,
  type StepResult,
} from "../sim/environment.js";
export { createPhysicsScene, type SceneContent } from "../sim/physics-scene.js";
export type { EpisodeHeader, EpisodeStep, EpisodeTotals } from "../sim/recording/episode.js";
export { type Episode, readEpisode } from "../sim/recording/reader.js";
export { EpisodeRecorder } from "../sim/recording/recorder.js";
export { type Difference, type Verification, verifyEpisode } from "../sim/recording/verify.js";
export { decodeSnapshot, encodeSnapshot, type SnapshotParts } from "../sim/snapshot.js";
export type {
  ActionChannel,
  Channel,
  NamedOutcome,
  ObservationChannel,
  Pose,
  Scene,
  Task,
  TaskParameter,
  TaskSpec,
  TaskSuite,
  Transition,
  VisualBody,
  VisualShape,
} from "../sim/task.js";
export {
  ColliderDesc,
  type Handle,
  initPhysics,
  JointData,
  MotorModel,
  PhysicsWorld,
  physicsVersion,
  RigidBodyDesc,
  substepsPerControl,
  type WorldOptions,
} from "../sim/world.js";
export { type ConformanceRule, checkSuite, taskRules } from "../tasks/conformance/conformance.js";
export { createPushRandomSuite, type PushRandomOptions } from "../tasks/push/push-random.js";
export { builtinSuites, findSuite } from "../tasks/registry.js";
export { COMMAND_LINE } from "./cli/command-line.js";
export { type OracleReference, oracleReference } from "./compare/oracle-file.js";
export { evaluateOracle } from "./evaluate/evaluate-oracle.js";
export {
  type EvaluatedEpisode,
  type EvaluateOptions,
  evaluateRun,
  type RunEvaluation,
  type TaskEvaluation,
} from "./evaluate/evaluate-run.js";
export {
  evaluateRunUnannounced,
  type RecognizedEpisode,
  type UnannouncedEvaluation,
  type UnannouncedOptions,
  type UnannouncedTask,
} from "./evaluate/evaluate-unannounced.js";
export {
  evaluateRunUnseen,
  type UnseenEvaluation,
  type UnseenModelEvaluation,
  type UnseenOptions,
  type UnseenTask,
} from "./evaluate/evaluate-unseen.js";
export type {
  OracleEpisode,
  OracleEvaluation,
  OracleOptions,
  OracleStart,
  OracleTask,
} from "./evaluate/oracle-evaluation.js";
export { builtinCatalog } from "./parts/catalog.js";
export type { PartOptions } from "./parts/given-parts.js";
export { loadMethod, loadPlanner } from "./parts/part-files.js";
export { loadSuite } from "./parts/suite-file.js";
export type { GivenSettings } from "./runs/choose-settings.js";
export {
  type Distillation,
  type DistilOptions,
  distilRun,
  type TaskDistillation,
} from "./runs/distil-run.js";
export { type ExportOptions, type ExportResult, exportRun, type TaskExport } from "./runs/export-run.js";
export type { OpenOptions } from "./runs/open-run.js";
export {
  type BestEpisode,
  type Summary,
  summarize,
  type TaskSummary,
} from "./runs/summary.js";
export { type RunStart, summarizeRun, type TrainOptions, type TrainResult, train } from "./runs/train.js";
export { currentVersions } from "./runs/versions.js";
export type { EngineEvents, RunCommand, RunExit, RunJob, SweepEngine } from "./sweep/engine.js";
export { localEngine } from "./sweep/local-engine.js";
export type { Manifest, ManifestRun } from "./sweep/manifest-file.js";
export type { SweepChoice, SweepMethod } from "./sweep/plan.js";
export type { FailedRun, SweepReport } from "./sweep/report.js";
export { runSweep } from "./sweep/sweep.js";
export type { RunOutcome, SweepView } from "./sweep/view.js";
export type { SweepOptions, SweepWork } from "./sweep/work.js";

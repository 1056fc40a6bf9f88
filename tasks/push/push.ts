import { ChannelSpan } from "../../sim/channel-span.js";
import type { Ops } from "../../sim/core/ops.js";
import type { ProfileDefaults } from "../../sim/core/profiles.js";
import { measureNamed } from "../../sim/measure.js";
import type { Task, TaskParameter, TaskSpec, TaskSuite, Transition } from "../../sim/task.js";
import {
  cornerChannels,
  cornerReward,
  cornerSpans,
  GRIPPER_ACTION,
  movingGripper,
} from "../tabletop/corners.js";
import { tableLandmarks } from "../tabletop/landmarks.js";
import { BLOCK_HEIGHT, type BlockDensities, GOAL, GRIPPER_HEIGHT } from "./layout.js";
import { CONTROL_PERIOD, createPushScene, type PhysicsStep } from "./scene.js";

/** Densities (left, right) of the five tasks in kg/m³, in the order of Huang et al. (2021), HyperCRL. */
export const DENSITIES: readonly BlockDensities[] = [
  [500, 500],
  [100, 500],
  [500, 100],
  [500, 250],
  [250, 500],
];

/** Smallest and largest density of a half of the block in push and push-random, kg/m³. */
export const DENSITY_RANGE = { low: 100, high: 500 } as const;

const SUCCESS_MM = 5;

const SPEC: TaskSpec = {
  observation: [
    { name: "markerMinusGripperX", unit: "m" },
    { name: "markerMinusGripperY", unit: "m" },
    ...cornerChannels(),
  ],
  moving: movingGripper("markerMinusGripper", "backEdge"),
  action: GRIPPER_ACTION,
  episodeSteps: 120,
  controlPeriod: CONTROL_PERIOD,
};
const { corners: CORNERS, backEdge: BACK_EDGE } = cornerSpans(SPEC.observation);
const MARKER_MINUS_GRIPPER = new ChannelSpan(SPEC.observation, "markerMinusGripperX", "markerMinusGripperY");

/**
 * Σ_i (1 - tanh(10 d_i)) - 0.25 ‖u‖ with d_i the distance of corner i from its goal (m) after the step and u the
 * action; 0 … 4 without the action's cost.
 */
export function pushReward<T>(ops: Ops<T>, { action, nextObservation }: Transition<T>): T {
  return cornerReward(ops, CORNERS.slice(ops, nextObservation), GOAL.corners, action, 0.25);
}

const LANDMARKS = tableLandmarks({
  block: "block",
  corners: CORNERS,
  reference: BACK_EDGE,
  fromGripper: MARKER_MINUS_GRIPPER,
  height: { gripper: GRIPPER_HEIGHT, block: BLOCK_HEIGHT },
});

const densityOf = (name: string, value: number): TaskParameter => ({
  ...{ name, unit: "kg/m³", value },
  ...{ ...DENSITY_RANGE, scale: "log" },
});

/** Pushing a block of two glued halves, whose densities (left, right; kg/m³) make the task, to a goal pose. */
export function createPushTask(densities: BlockDensities, physicsStep?: PhysicsStep): Task {
  const name = densities.join("-");
  const options = { name, densities, ...(physicsStep && { physicsStep }) };
  const [left, right] = densities;
  return {
    name,
    spec: SPEC,
    parameters: [densityOf("leftDensity", left), densityOf("rightDensity", right)],
    createScene: () => createPushScene(options),
    createLearningScene: () => createPushScene({ ...options, variedStarts: true }),
    reward: pushReward,
    succeeded: (measures) => measureNamed(measures, "maxCornerErrorMm") <= SUCCESS_MM,
    landmarks: LANDMARKS,
  };
}

/**
 * Shorter than the profile, so that five tasks take minutes with every method; see docs/experiments/push-trials.md for what
 * each setting was worth.
 */
export const PUSH_DEFAULTS: ProfileDefaults = {
  quick: [
    "loop.stepsPerTask=2400",
    "loop.bufferCapacity=3600",
    "loop.trainIterations=400",
    "loop.evaluationEpisodes=4",
    // Nearly all pushing happens in an episode's first 30 steps: shorter episodes hold more of it in as many steps.
    "loop.learningEpisodeSteps=40",
    // How the arm answers an action depends on how fast the gripper moves, which no observation says.
    "dynamics.history=2",
    // Large steps first, small ones at the end of each training session, so that the plan meets a settled model.
    "hypernetwork.learningRate=3e-3",
    "hypernetwork.embeddingLearningRate=3e-3",
    "hypernetwork.endFactor=0.03",
    "hypernetwork.beta=0.5",
    // Half of the samples, and the best plans refined by the gradient, which is worth more than the samples that it costs.
    "planner.samples=64",
    "planner.iterations=6",
    "planner.momentum=0.1",
    "planner.polishSteps=4",
    "planner.polishPlans=4",
    // A block that was pushed aside is fetched back only where what comes after the horizon counts.
    "planner.holdReward=8",
  ],
};

/** A correction at the end of the horizon pays only by the steps that follow, hence the held reward. */
export const PUSH_ORACLE: readonly string[] = [
  "planner.holdReward=8",
  "planner.samples=40",
  "planner.elites=8",
];

export const pushSuite: TaskSuite = {
  name: "push",
  description:
    "Push a block with uneven density to a pose; 5 tasks differ in the densities of the two halves",
  tasks: DENSITIES.map((densities) => createPushTask(densities)),
  defaults: PUSH_DEFAULTS,
  oracle: PUSH_ORACLE,
};

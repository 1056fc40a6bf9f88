import { ChannelSpan } from "../../sim/channel-span.js";
import type { Ops } from "../../sim/core/ops.js";
import { measureNamed } from "../../sim/measure.js";
import type { Landmarks, ObservationChannel, Task, TaskSpec, TaskSuite, Transition } from "../../sim/task.js";
import { keptTransitions, LARGE_NETWORK } from "../published-defaults.js";
import { CHEETAH_BODIES, type CheetahBody } from "./layout.js";
import { CONTROL_PERIOD, createCheetahScene } from "./scene.js";

const JOINTS = ["backThigh", "backShin", "backFoot", "frontThigh", "frontShin", "frontFoot"] as const;
/** A gait: mean speed of 1 m/s over the 50 s of an episode. */
const SUCCESS_M = 50;

/** Order of the published environment: forward velocity, positions without x, velocities. */
const OBSERVATION: readonly ObservationChannel[] = [
  { name: "forwardVelocity", unit: "m/s", absolute: true },
  { name: "height", unit: "m" },
  { name: "pitch", unit: "rad", angle: true },
  ...JOINTS.map((name) => ({ name: `${name}Angle`, unit: "rad" })),
  { name: "velocityX", unit: "m/s" },
  { name: "velocityZ", unit: "m/s" },
  { name: "pitchVelocity", unit: "rad/s" },
  ...JOINTS.map((name) => ({ name: `${name}Velocity`, unit: "rad/s" })),
];

const SPEC: TaskSpec = {
  observation: OBSERVATION,
  action: JOINTS.map((name) => ({ name: `${name}Torque`, unit: "gear", low: -1, high: 1 })),
  episodeSteps: 1000,
  controlPeriod: CONTROL_PERIOD,
};
const FORWARD_VELOCITY = new ChannelSpan(OBSERVATION, "forwardVelocity");
const HEIGHT = new ChannelSpan(OBSERVATION, "height");

/**
 * v_x - 0.1 ‖u‖² with v_x the mean forward velocity during the step (m/s) and u the action, as Huang et al. (2021),
 * HyperCRL, have it.
 */
export function cheetahReward<T>(ops: Ops<T>, { action, nextObservation }: Transition<T>): T {
  const effort = ops.sum(ops.mul(action, action));
  return ops.sub(FORWARD_VELOCITY.slice(ops, nextObservation), ops.scale(effort, 0.1));
}

const LANDMARKS: Landmarks = {
  names: ["torso"],
  locate(observations, scene) {
    // An observation holds the way made in the last step only.
    let x = measureNamed(scene.measure(), "distanceM");
    return observations.map((observation, i) => {
      if (i > 0) x += FORWARD_VELOCITY.value(observation) * CONTROL_PERIOD;
      return [[x, 0, HEIGHT.value(observation)]];
    });
  },
};

/** Running forward with one of the five bodies. */
function createCheetahTask(body: CheetahBody): Task {
  return {
    name: body,
    spec: SPEC,
    createScene: () => createCheetahScene(body),
    reward: cheetahReward,
    succeeded: (measures) => measureNamed(measures, "distanceM") >= SUCCESS_M,
    landmarks: LANDMARKS,
  };
}

export const cheetahSuite: TaskSuite = {
  name: "cheetah",
  description:
    "Run forward as a planar half-cheetah; 5 tasks differ in which part of the body is a quarter bigger",
  tasks: CHEETAH_BODIES.map((body) => createCheetahTask(body)),
  defaults: {
    // Episodes of 1000 steps: eight of them planned, three quarters of a second ahead.
    quick: [
      "loop.initialRandomSteps=2000",
      "loop.learningStarts=seeded",
      "loop.randomHold=2",
      "loop.stepsPerTask=8000",
      "loop.bufferCapacity=10000",
      "loop.trainEvery=250",
      "loop.evaluationEpisodes=3",
      "hypernetwork.learningRate=0.0001",
      "hypernetwork.embeddingLearningRate=0.0001",
      "planner.horizon=15",
      "planner.samples=100",
      "planner.iterations=3",
      "planner.initialStd=0.6",
    ],
    paper: [
      "loop.initialRandomSteps=10000",
      "loop.learningStarts=seeded",
      "loop.stepsPerTask=100000",
      "loop.bufferCapacity=110000",
      "loop.trainEvery=1000",
      ...LARGE_NETWORK,
      ...keptTransitions(1000),
      "planner.horizon=30",
      "planner.elites=50",
    ],
  },
  // Few samples, because an episode has a thousand steps.
  oracle: [
    "planner.horizon=12",
    "planner.samples=12",
    "planner.elites=4",
    "planner.iterations=2",
    "planner.initialStd=0.7",
    "planner.noiseBeta=1",
    "planner.keepFraction=0.5",
  ],
};

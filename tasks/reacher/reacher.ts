import { ChannelSpan } from "../../sim/channel-span.js";
import type { Ops } from "../../sim/core/ops.js";
import { measureNamed } from "../../sim/measure.js";
import type { Landmarks, Task, TaskSpec, TaskSuite, Transition } from "../../sim/task.js";
import { PLANE_HEIGHT, UPPER_LENGTH } from "./layout.js";
import { CONTROL_PERIOD, createReacherScene } from "./scene.js";

/** Forearm lengths of the ten tasks in their order, m. */
export const FOREARM_LENGTHS: readonly number[] = [0.5, 0.7, 0.3, 0.6, 0.4, 0.65, 0.35, 0.55, 0.45, 0.75];

const SUCCESS_MM = 50;
// Keeps the gradient of a length finite where the length is zero; changes a reward by at most 1e-5.
const SMOOTHING = 1e-10;

const SPEC: TaskSpec = {
  observation: [
    { name: "shoulderAngle", unit: "rad", angle: true },
    { name: "elbowAngle", unit: "rad", angle: true },
    { name: "shoulderVelocity", unit: "rad/s" },
    { name: "elbowVelocity", unit: "rad/s" },
    { name: "tipMinusGoalX", unit: "m" },
    { name: "tipMinusGoalY", unit: "m" },
  ],
  action: [
    { name: "shoulderTorque", unit: "4 N·m", low: -1, high: 1 },
    { name: "elbowTorque", unit: "2 N·m", low: -1, high: 1 },
  ],
  episodeSteps: 50,
  controlPeriod: CONTROL_PERIOD,
};
const SHOULDER_ANGLE = new ChannelSpan(SPEC.observation, "shoulderAngle");
const ELBOW_ANGLE = new ChannelSpan(SPEC.observation, "elbowAngle");
const TIP_MINUS_GOAL = new ChannelSpan(SPEC.observation, "tipMinusGoalX", "tipMinusGoalY");

/**
 * -d - 0.01 ‖u‖² with d the distance (m) of the fingertip from the goal after the step and u the action: the form of
 * Gymnasium's Reacher, with a smaller price of the action because distances are metres of a larger arm.
 */
export function reacherReward<T>(ops: Ops<T>, { action, nextObservation }: Transition<T>): T {
  const offset = TIP_MINUS_GOAL.slice(ops, nextObservation);
  const squared = ops.add(ops.sum(ops.mul(offset, offset)), ops.constant([SMOOTHING]));
  const cost = ops.scale(ops.sum(ops.mul(action, action)), 0.01);
  return ops.scale(ops.add(ops.sqrt(squared), cost), -1);
}

const tipOf = (foreLength: number): Landmarks => ({
  names: ["fingertip"],
  locate: (observations) =>
    observations.map((observation) => {
      const shoulder = SHOULDER_ANGLE.value(observation);
      const elbow = ELBOW_ANGLE.value(observation);
      const along = (f: (angle: number) => number) =>
        UPPER_LENGTH * f(shoulder) + foreLength * f(shoulder + elbow);
      return [[along(Math.cos), along(Math.sin), PLANE_HEIGHT]];
    }),
});

/** Bringing the fingertip of a planar arm with a forearm of a length (m) to a goal that each episode draws. */
export function createReacherTask(foreLength: number): Task {
  return {
    name: `${foreLength.toFixed(2)}m`,
    spec: SPEC,
    parameters: [
      { name: "forearmLength", unit: "m", value: foreLength, low: 0.3, high: 0.75, scale: "linear" },
    ],
    createScene: () => createReacherScene(foreLength),
    reward: reacherReward,
    succeeded: (measures) => measureNamed(measures, "tipErrorMm") <= SUCCESS_MM,
    landmarks: tipOf(foreLength),
  };
}

export const reacherSuite: TaskSuite = {
  name: "reacher",
  description:
    "Bring the fingertip of a two-link arm to a goal; 10 tasks differ in the length of the forearm",
  tasks: FOREARM_LENGTHS.map(createReacherTask),
  defaults: {
    quick: [
      "loop.initialRandomSteps=200",
      "loop.learningStarts=seeded",
      "loop.randomHold=3",
      "loop.stepsPerTask=1200",
      "loop.bufferCapacity=1400",
      "loop.trainIterations=800",
      "dynamics.hidden=[64,64]",
      "planner.horizon=15",
      "planner.samples=120",
      "planner.elites=12",
      "planner.iterations=3",
      "planner.initialStd=0.7",
    ],
  },
  oracle: [
    "planner.horizon=12",
    "planner.samples=64",
    "planner.elites=10",
    "planner.initialStd=1",
    "planner.noiseBeta=1",
  ],
};

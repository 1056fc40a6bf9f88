import type { Ops } from "../../sim/core/ops.js";
import type { Landmarks, Task, TaskSpec, TaskSuite, Transition } from "../../sim/task.js";
import { cornerChannels, cornerMean, cornerReward, GRIPPER_ACTION } from "../tabletop/corners.js";
import { type BlockDensities, HALF_BLOCK, TABLE } from "../tabletop/layout.js";
import { CONTROL_PERIOD, GRIPPER_HEIGHT, type PhysicsStep, PushScene } from "./scene.js";

/** Where the four bottom corners must come to rest, m: x, y of each, in the order of the observation. */
export const GOAL_CORNERS: readonly number[] = [0.07, -0.08, 0.07, 0.08, 0.23, -0.08, 0.23, 0.08];

/** Densities (left, right) of the five tasks in kg/m³, in the order of Huang et al. (2021), HyperCRL. */
export const DENSITIES: readonly BlockDensities[] = [
  [500, 500],
  [100, 500],
  [500, 100],
  [500, 250],
  [250, 500],
];

const SUCCESS_MM = 5;

const SPEC: TaskSpec = {
  observation: [
    { name: "markerMinusGripperX", unit: "m" },
    { name: "markerMinusGripperY", unit: "m" },
    ...cornerChannels(),
  ],
  action: GRIPPER_ACTION,
  episodeSteps: 120,
  controlPeriod: CONTROL_PERIOD,
};

/**
 * Σ_i (1 - tanh(10 d_i)) - 0.25 ‖u‖ with d_i the distance of corner i from its goal (m) after the step and u the
 * action; 0 … 4 without the action's cost.
 */
export function pushReward<T>(ops: Ops<T>, { action, nextObservation }: Transition<T>): T {
  return cornerReward(ops, ops.slice(nextObservation, 2, 10), GOAL_CORNERS, action, 0.25);
}

/** The block's as long as it stands level. */
const LANDMARKS: Landmarks = {
  names: ["gripper", "block"],
  locate: (observations) =>
    observations.map((observation) => {
      const corners = Array.from(observation).slice(2);
      const [x, y] = cornerMean(corners, [0, 1], 0);
      return [
        [x - observation[0], y - observation[1], GRIPPER_HEIGHT],
        cornerMean(corners, [0, 1, 2, 3], TABLE.height + HALF_BLOCK[2]),
      ];
    }),
};

/** Pushing a block of two glued halves, whose densities (left, right; kg/m³) make the task, to a goal pose. */
export function createPushTask(densities: BlockDensities, physicsStep?: PhysicsStep): Task {
  const name = densities.join("-");
  return {
    name,
    spec: SPEC,
    createScene: () =>
      new PushScene({ name, densities, goalCorners: GOAL_CORNERS, ...(physicsStep && { physicsStep }) }),
    reward: pushReward,
    succeeded: (measures) => measures.maxCornerErrorMm <= SUCCESS_MM,
    landmarks: LANDMARKS,
  };
}

export const pushSuite: TaskSuite = {
  name: "push",
  description:
    "Push a block with uneven density to a pose; 5 tasks differ in the densities of the two halves",
  tasks: DENSITIES.map((densities) => createPushTask(densities)),
};

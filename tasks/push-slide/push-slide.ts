import type { Ops } from "../../sim/core/ops.js";
import type { Landmarks, Task, TaskSpec, TaskSuite, Transition } from "../../sim/task.js";
import { cornerChannels, cornerMean, cornerReward, GRIPPER_ACTION } from "../tabletop/corners.js";
import { SLIDE_FRICTIONS, SLIDE_GOAL_CORNERS } from "./layout.js";
import { BLOCK_HEIGHT, CONTROL_PERIOD, GRIPPER_HEIGHT, PushSlideScene } from "./scene.js";

/** As published for this task; `push` asks for 5 mm. */
const SUCCESS_MM = 50;

const SPEC: TaskSpec = {
  observation: [
    { name: "firstMinusGripperX", unit: "m" },
    { name: "firstMinusGripperY", unit: "m" },
    ...cornerChannels("first"),
    ...cornerChannels("second"),
  ],
  action: GRIPPER_ACTION,
  episodeSteps: 50,
  controlPeriod: CONTROL_PERIOD,
};

/** Σ_i (1 - tanh(10 d_i)) - 0.1 ‖u‖ with d_i the distance of the second block's corner i from its goal (m). */
export function pushSlideReward<T>(ops: Ops<T>, { action, nextObservation }: Transition<T>): T {
  return cornerReward(ops, ops.slice(nextObservation, 10, 18), SLIDE_GOAL_CORNERS, action, 0.1);
}

const LANDMARKS: Landmarks = {
  names: ["gripper", "second block"],
  locate: (observations) =>
    observations.map((observation) => {
      const numbers = Array.from(observation);
      const [x, y] = cornerMean(numbers.slice(2), [0, 1, 2, 3], 0);
      return [
        [x - numbers[0], y - numbers[1], GRIPPER_HEIGHT],
        cornerMean(numbers.slice(10), [0, 1, 2, 3], BLOCK_HEIGHT),
      ];
    }),
};

/** Striking a block so that it slides to a goal pose; its friction on the table makes the task. */
export function createPushSlideTask(friction: number): Task {
  const name = `friction-${friction}`;
  return {
    name,
    spec: SPEC,
    createScene: () => new PushSlideScene(name, friction),
    reward: pushSlideReward,
    succeeded: (measures) => measures.maxCornerErrorMm <= SUCCESS_MM,
    landmarks: LANDMARKS,
  };
}

export const pushSlideSuite: TaskSuite = {
  name: "push-slide",
  description:
    "Strike a second block so that it slides to a pose; 5 tasks differ in the second block's friction",
  tasks: SLIDE_FRICTIONS.map((friction) => createPushSlideTask(friction)),
};

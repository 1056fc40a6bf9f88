import { ChannelSpan } from "../../sim/channel-span.js";
import type { Ops } from "../../sim/core/ops.js";
import { measureNamed } from "../../sim/measure.js";
import type { Task, TaskSpec, TaskSuite, Transition } from "../../sim/task.js";
import {
  cornerChannels,
  cornerReward,
  cornerSpans,
  GRIPPER_ACTION,
  movingBlock,
  movingGripper,
} from "../tabletop/corners.js";
import { tableLandmarks } from "../tabletop/landmarks.js";
import { BLOCK_HEIGHT, GOAL, GRIPPER_HEIGHT } from "./layout.js";
import { CONTROL_PERIOD, createPushSlideScene } from "./scene.js";

/** Published friction of the second block on the table, in the order of the five tasks. */
export const FRICTIONS: readonly number[] = [0.001, 0.0005, 0.002, 0.0026, 0.005];

/** As published for this task; `push` asks for 5 mm. */
const SUCCESS_MM = 50;

const SPEC: TaskSpec = {
  observation: [
    { name: "firstMinusGripperX", unit: "m" },
    { name: "firstMinusGripperY", unit: "m" },
    ...cornerChannels("first"),
    ...cornerChannels("second"),
  ],
  moving: [
    ...movingGripper("firstMinusGripper", "middle", "first"),
    ...movingBlock("first"),
    ...movingBlock("second"),
  ],
  action: GRIPPER_ACTION,
  episodeSteps: 50,
  controlPeriod: CONTROL_PERIOD,
  // 1: the arm keeps still where it is stretched out.
  revision: 1,
};
const FIRST_MINUS_GRIPPER = new ChannelSpan(SPEC.observation, "firstMinusGripperX", "firstMinusGripperY");
const { corners: FIRST_CORNERS } = cornerSpans(SPEC.observation, "first");
const { corners: SECOND_CORNERS } = cornerSpans(SPEC.observation, "second");

/** Σ_i (1 - tanh(10 d_i)) - 0.1 ‖u‖ with d_i the distance of the second block's corner i from its goal (m). */
export function pushSlideReward<T>(ops: Ops<T>, { action, nextObservation }: Transition<T>): T {
  return cornerReward(ops, SECOND_CORNERS.slice(ops, nextObservation), GOAL.corners, action, 0.1);
}

const LANDMARKS = tableLandmarks({
  block: "second block",
  corners: SECOND_CORNERS,
  reference: FIRST_CORNERS,
  fromGripper: FIRST_MINUS_GRIPPER,
  height: { gripper: GRIPPER_HEIGHT, block: BLOCK_HEIGHT },
});

/** Striking a block so that it slides to a goal pose; its friction on the table makes the task. */
function createPushSlideTask(friction: number): Task {
  const name = `friction-${friction}`;
  return {
    name,
    spec: SPEC,
    parameters: [{ name: "friction", unit: "1", value: friction, low: 0.0005, high: 0.005, scale: "log" }],
    createScene: () => createPushSlideScene(name, friction),
    createLearningScene: () => createPushSlideScene(name, friction, true),
    reward: pushSlideReward,
    succeeded: (measures) => measureNamed(measures, "maxCornerErrorMm") <= SUCCESS_MM,
    outcomes: [
      {
        name: "passed",
        description: `every corner is within ${SUCCESS_MM} mm of its goal after some step`,
        holds: (measures) => measureNamed(measures, "closestCornerErrorMm") <= SUCCESS_MM,
      },
    ],
    landmarks: LANDMARKS,
  };
}

export const pushSlideSuite: TaskSuite = {
  name: "push-slide",
  description:
    "Strike a second block so that it slides to a pose; 5 tasks differ in the second block's friction",
  tasks: FRICTIONS.map((friction) => createPushSlideTask(friction)),
  defaults: {
    // A strike must be foreseen to the end of its slide: gentle actions, a plan for nearly the whole episode, and the mean of
    // many elites rather than the one sequence that the model thinks best.
    quick: [
      // How fast the blocks slide and turn tells where they will be, and no channel says it.
      "dynamics.history=2",
      // The strike falls in the first second; what comes after it is a slide that needs few examples.
      "loop.learningEpisodeSteps=25",
      // Small steps at the end of each training session, so that the plan meets a settled model.
      "hypernetwork.endFactor=0.03",
      "hypernetwork.beta=0.5",
      "planner.name=cem",
      "planner.horizon=40",
      "planner.samples=100",
      "planner.elites=30",
      "planner.iterations=3",
      "planner.initialStd=0.25",
    ],
    paper: [
      "loop.initialRandomSteps=300",
      "loop.stepsPerTask=3000",
      "loop.bufferCapacity=3300",
      "loop.trainEvery=150",
      "loop.trainIterations=500",
      "hypernetwork.activation=relu",
      "hypernetwork.beta=0.5",
    ],
  },
  // The whole slide, as for learned models; strikes need not be as gentle.
  oracle: [
    "planner.horizon=40",
    "planner.samples=24",
    "planner.elites=6",
    "planner.iterations=3",
    "planner.initialStd=0.3",
  ],
};

import { forwardKinematics } from "../../sim/arm/kinematics.js";
import { JOINTS } from "../../sim/arm/panda.js";
import { ChannelSpan } from "../../sim/channel-span.js";
import { IDENTITY } from "../../sim/core/math/vector.js";
import type { Ops } from "../../sim/core/ops.js";
import { measureNamed } from "../../sim/measure.js";
import type { Landmarks, Task, TaskSpec, TaskSuite, Transition } from "../../sim/task.js";
import { keptTransitions, LARGE_NETWORK } from "../published-defaults.js";
import { type DoorKind, OPEN_ANGLE } from "./layout.js";
import { createDoorScene, DOOR_CONTROL_PERIOD } from "./scene.js";
import { ARM_BASE } from "./start.js";

// Keeps the gradient of a length finite where the length is zero; changes a reward by at most 1e-5.
const SMOOTHING = 1e-12;

const channels = (count: number, name: string, unit: string) =>
  Array.from({ length: count }, (_, i) => ({ name: `${name}${i + 1}`, unit }));

const SPEC: TaskSpec = {
  observation: [
    ...["X", "Y", "Z"].map((axis) => ({ name: `gripperInHandle${axis}`, unit: "m" })),
    ...["X", "Y", "Z", "W"].map((axis) => ({ name: `gripperTurn${axis}`, unit: "1", quaternion: true })),
    { name: "fingerOpening", unit: "m" },
    ...channels(JOINTS, "jointAngle", "rad"),
    ...channels(JOINTS, "jointVelocity", "rad/s"),
    { name: "doorVelocity", unit: "rad/s" },
    { name: "handleVelocity", unit: "rad/s" },
    { name: "doorAngle", unit: "rad" },
    { name: "handleAngle", unit: "rad" },
  ],
  action: [
    ...["dx", "dy", "dz"].map((name) => ({ name, unit: "0.05 m", low: -1, high: 1 })),
    ...["turnX", "turnY", "turnZ"].map((name) => ({ name, unit: "0.5 rad", low: -1, high: 1 })),
    // -1 opens, 1 closes.
    { name: "gripper", unit: "1", low: -1, high: 1 },
  ],
  episodeSteps: 220,
  controlPeriod: DOOR_CONTROL_PERIOD,
  // 1: the arm's links and the door's frame collide. 2: the arm keeps still where it is stretched out.
  revision: 2,
};
const span = (first: string, last: string) => new ChannelSpan(SPEC.observation, first, last);
const GRIPPER_IN_HANDLE = span("gripperInHandleX", "gripperInHandleZ");
const GRIPPER_TURN_XY = span("gripperTurnX", "gripperTurnY");
const JOINT_ANGLES = span("jointAngle1", `jointAngle${JOINTS}`);
const DOOR_AND_HANDLE_ANGLE = span("doorAngle", "handleAngle");

/**
 * 50 |door| + 20 |handle| - d - ln(d² + 5e-3) - 5 - e, after the step, with angles in rad, d the gripper's distance
 * from where it should hold the handle (m) and e the error of its orientation but for the roll about its approach
 * axis. e is 2 sin(ε/2) for an angle ε between the approach axes: ε to 4 % up to 1 rad, without inverse functions.
 * (Huang et al. 2021, HyperCRL.)
 */
export function doorReward<T>(ops: Ops<T>, { nextObservation }: Transition<T>): T {
  const squares = (x: T): T => ops.sum(ops.mul(x, x));
  const root = (x: T): T => ops.sqrt(ops.add(x, ops.constant([SMOOTHING])));
  const squaredDistance = squares(GRIPPER_IN_HANDLE.slice(ops, nextObservation));
  const near = ops.log(ops.add(squaredDistance, ops.constant([5e-3])));
  // Of the quaternion (x, y, z, w), x and y turn the approach axis z: |R z - z|² = 4 (x² + y²).
  const tilt = ops.scale(root(squares(GRIPPER_TURN_XY.slice(ops, nextObservation))), 2);
  const angles = ops.abs(DOOR_AND_HANDLE_ANGLE.slice(ops, nextObservation));
  const opened = ops.sum(ops.mul(angles, ops.constant([50, 20])));
  const penalty = ops.add(ops.add(root(squaredDistance), near), ops.add(tilt, ops.constant([5])));
  return ops.sub(opened, penalty);
}

/** From the joint angles: the gripper's place in the handle's frame says nothing without the handle's. */
const LANDMARKS: Landmarks = {
  names: ["gripper"],
  locate: (observations) =>
    observations.map((observation) => {
      const angles = JOINT_ANGLES.read(observation);
      return [forwardKinematics(angles, { position: ARM_BASE, rotation: IDENTITY }).endEffector.position];
    }),
};

/**
 * Opening one kind of door: by 0.2 rad or more at any step of the episode, which is how DoorGym counts success
 * (Urakami et al. 2019). The reward, not the success, asks for a door that stays open.
 */
function createDoorTask(kind: DoorKind): Task {
  const name = kind.mirrored ? `${kind.handle}-mirrored` : kind.handle;
  return {
    name,
    spec: SPEC,
    createScene: () => createDoorScene(name, kind),
    createLearningScene: () => createDoorScene(name, kind, true),
    reward: doorReward,
    succeeded: (measures) => measureNamed(measures, "largestDoorAngle") >= OPEN_ANGLE,
    outcomes: [
      {
        name: "heldOpen",
        description: `the door is still open by ${OPEN_ANGLE} rad or more after the last step`,
        holds: (measures) => measureNamed(measures, "heldOpen") === 1,
      },
    ],
    landmarks: LANDMARKS,
  };
}

/** The five tasks in the order of Huang et al. (2021), HyperCRL. */
export const DOORS: readonly DoorKind[] = [
  { handle: "pull", mirrored: false },
  { handle: "round", mirrored: false },
  { handle: "lever", mirrored: false },
  { handle: "round", mirrored: true },
  { handle: "lever", mirrored: true },
];

export const doorSuite: TaskSuite = {
  name: "door",
  description: "Open a latched door by its handle; 5 tasks differ in handle and side of the hinge",
  tasks: DOORS.map(createDoorTask),
  defaults: {
    // Unlike push, more steps and fewer minibatches: the dynamics network overfits before it runs out of things to see.
    quick: [
      "loop.initialRandomSteps=2200",
      "loop.stepsPerTask=16500",
      "loop.bufferCapacity=18700",
      "loop.randomHold=3",
      // Half of an episode: what decides happens in its first seconds, and a hand that is stuck has little more to show.
      "loop.learningEpisodeSteps=110",
      // So that a hand that is stuck tries what the model does not yet expect anything of.
      "loop.explorationStd=[0.3,0.3,0.3,0.06,0.06,0.06,0.3]",
      "loop.trainEvery=275",
      "loop.trainIterations=250",
      ...keptTransitions(600),
      "hypernetwork.beta=5",
      // A rate that falls within a session leaves a settled model to plan with; plain networks do not gain by it.
      "hypernetwork.endFactor=0.05",
      // The mean of many elites rather than the one sequence that the model thinks best: what the reward does not ask
      // for, such as the hand's roll, then stays near zero instead of wandering to a joint's limit.
      "planner.name=cem",
      "planner.horizon=10",
      "planner.samples=64",
      "planner.elites=16",
      "planner.iterations=3",
      // Turns of 0.5 rad in 0.1 s make the wrist thrash, which the model cannot foresee.
      "planner.initialStd=[0.5,0.5,0.5,0.1,0.1,0.1,0.5]",
      // Where icem is chosen: a shifted plan ends with "stay where you are", as cem's does, for in one second of horizon a repeated
      // action goes too far.
      "planner.lastAction=middle",
      "planner.noiseBeta=1",
      "planner.keepFraction=0.6",
    ],
    paper: [
      "loop.stepsPerTask=60000",
      "loop.trainIterations=200",
      "loop.bufferCapacity=62000",
      ...LARGE_NETWORK,
      ...keptTransitions(600),
      "hypernetwork.beta=0.5",
      "planner.horizon=10",
      "planner.samples=2000",
      "planner.initialStd=0.5",
    ],
  },
  oracle: [
    "planner.horizon=10",
    "planner.samples=16",
    "planner.elites=5",
    "planner.iterations=2",
    "planner.noiseBeta=1",
    "planner.keepFraction=0.5",
    "planner.lastAction=middle",
  ],
};

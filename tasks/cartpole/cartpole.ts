import { ChannelSpan } from "../../sim/channel-span.js";
import type { Ops } from "../../sim/core/ops.js";
import { measureNamed } from "../../sim/measure.js";
import type { Landmarks, Task, TaskSpec, TaskSuite, Transition } from "../../sim/task.js";
import { RAIL } from "./layout.js";
import { CONTROL_PERIOD, createCartPoleScene } from "./scene.js";

/** Pole lengths of the ten tasks in their order, m. */
export const POLE_LENGTHS: readonly number[] = [0.6, 0.8, 0.4, 1.0, 1.2, 0.7, 0.5, 0.9, 1.1, 1.3];

/** Largest distance of the tip from its goal, as a share of the pole's length. */
const SUCCESS_SHARE = 0.2;

const SPEC: TaskSpec = {
  observation: [
    { name: "cartPosition", unit: "m" },
    { name: "cartVelocity", unit: "m/s" },
    { name: "poleAngle", unit: "rad", angle: true },
    { name: "poleVelocity", unit: "rad/s" },
  ],
  action: [{ name: "force", unit: "100 N", low: -3, high: 3 }],
  episodeSteps: 200,
  controlPeriod: CONTROL_PERIOD,
};
const CART_POSITION = new ChannelSpan(SPEC.observation, "cartPosition");
const POLE_ANGLE = new ChannelSpan(SPEC.observation, "poleAngle");

/**
 * exp(-d² / l²) - 0.01 u² with d the distance (m) of the pole's tip after the step from its goal, upright above the
 * rail's middle, l the pole's length and u the action: at most 1 a step. As in PETS' cart-pole (Chua, Calandra,
 * McAllister & Levine 2018, arXiv 1805.12114) and, with lengths, in HyperCRL's published code.
 */
export function cartPoleReward<T>(
  ops: Ops<T>,
  length: number,
  { action, nextObservation }: Transition<T>,
): T {
  const angle = POLE_ANGLE.slice(ops, nextObservation);
  const across = ops.add(CART_POSITION.slice(ops, nextObservation), ops.scale(ops.sin(angle), length));
  const short = ops.scale(ops.sub(ops.constant([1]), ops.cos(angle)), length);
  const squared = ops.add(ops.mul(across, across), ops.mul(short, short));
  const near = ops.exp(ops.scale(squared, -1 / (length * length)));
  return ops.sub(near, ops.scale(ops.mul(action, action), 0.01));
}

const tipOf = (length: number): Landmarks => ({
  names: ["tip"],
  locate: (observations) =>
    observations.map((observation) => {
      const x = CART_POSITION.value(observation);
      const angle = POLE_ANGLE.value(observation);
      return [[x + length * Math.sin(angle), 0, RAIL.height + length * Math.cos(angle)]];
    }),
});

/** Swinging up a pole of a length (m) from hanging and balancing it above the middle of the rail. */
export function createCartPoleTask(length: number): Task {
  return {
    name: `${length.toFixed(1)}m`,
    spec: SPEC,
    parameters: [{ name: "poleLength", unit: "m", value: length, low: 0.4, high: 1.3, scale: "linear" }],
    createScene: () => createCartPoleScene(length),
    reward: (ops, transition) => cartPoleReward(ops, length, transition),
    succeeded: (measures) => measureNamed(measures, "tipErrorMm") <= 1e3 * SUCCESS_SHARE * length,
    landmarks: tipOf(length),
  };
}

export const cartPoleSuite: TaskSuite = {
  name: "cartpole",
  description: "Swing up a pole on a cart and balance it; 10 tasks differ in the length of the pole",
  tasks: POLE_LENGTHS.map(createCartPoleTask),
  defaults: {
    // The force's bounds are ±3; planning in its own unit is how the results of this suite were made.
    paper: ["planner.scaleActions=false", "loop.learningStarts=seeded"],
    quick: [
      "planner.scaleActions=false",
      "loop.initialRandomSteps=200",
      "loop.learningStarts=seeded",
      "loop.randomHold=2",
      "loop.stepsPerTask=1200",
      "loop.bufferCapacity=1400",
      // 55 pairs of moment and task: with ten episodes each they take most of a run.
      "loop.evaluationEpisodes=3",
      "dynamics.hidden=[64,64]",
      "planner.samples=64",
      "planner.elites=8",
      "planner.iterations=2",
      "planner.initialStd=2",
    ],
  },
  oracle: ["planner.horizon=25", "planner.samples=24", "planner.elites=6"],
};

import type { Ops } from "../../sim/core/ops.js";
import type { Task, TaskSpec, Transition } from "../../sim/task.js";

const channels = (name: string, unit: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `${name}${i}`, unit }));

/** Observation and action of the published door (Huang et al. 2021), every entry as it is, 26 and 7. */
const SPEC: TaskSpec = {
  observation: [
    ...channels("gripperInHandleFrame", "m", 3),
    ...channels("relativeQuaternion", "1", 4),
    ...channels("finger", "m", 1),
    ...channels("jointAngle", "rad", 7),
    ...channels("jointVelocity", "rad/s", 7),
    { name: "doorVelocity", unit: "rad/s" },
    { name: "handleVelocity", unit: "rad/s" },
    { name: "doorAngle", unit: "rad" },
    { name: "handleAngle", unit: "rad" },
  ],
  action: channels("action", "1", 7).map((channel) => ({ ...channel, low: -1, high: 1 })),
  episodeSteps: 220,
  controlPeriod: 0.1,
};

/** 50 |door| + 20 |handle| - ‖d‖ - ln(‖d‖² + 5e-3) - 5 - ‖orientation error without roll‖ (m and rad). */
function doorReward<T>(ops: Ops<T>, { nextObservation: x }: Transition<T>): T {
  const squared = (part: T): T => ops.sum(ops.mul(part, part));
  const distance = squared(ops.slice(x, 0, 3));
  const rotation = ops.scale(ops.sqrt(squared(ops.slice(x, 3, 5))), 2);
  const opened = ops.add(
    ops.scale(ops.abs(ops.slice(x, 24, 25)), 50),
    ops.scale(ops.abs(ops.slice(x, 25, 26)), 20),
  );
  const near = ops.add(ops.sqrt(distance), ops.log(ops.add(distance, ops.constant([5e-3]))));
  return ops.sub(ops.sub(opened, near), ops.add(rotation, ops.constant([5])));
}

/** The door's sizes and reward, which is all that planning and training see of a task; it has no physics. */
export const doorTask: Task = {
  name: "door",
  spec: SPEC,
  createScene: () => {
    throw new Error("The benchmark's door has no scene");
  },
  reward: doorReward,
  succeeded: () => false,
};

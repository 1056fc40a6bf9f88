// @ts-check
// A suite of one's own: a puck on a level, slippery table is pushed to a goal; tasks differ in its mass.
// Check it with `hypercrl tasks --suite docs/examples/puck-suite.mjs`; what each member must do: docs/guides/own-suite.md.
import {
  ChannelSpan,
  createPhysicsScene,
  PhysicsWorld,
  physicsVersion,
  RigidBodyDesc,
  substepsPerControl,
} from "hypercrl";

/** @typedef {import("hypercrl").Scene} Scene */
/** @typedef {import("hypercrl").Task} Task */

const CONTROL_PERIOD = 0.1; // s
const PHYSICS_STEP = 0.02; // s
const FORCE = 2; // N for an action of 1
const HEIGHT = 0.02; // m

/**
 * @param {number} mass kg
 * @returns {Scene}
 */
function createScene(mass) {
  const world = new PhysicsWorld({ gravity: [0, 0, 0], timestep: PHYSICS_STEP, solverIterations: 4 });
  const description = RigidBodyDesc.dynamic()
    .setTranslation(0, 0, HEIGHT)
    .setAdditionalMass(mass)
    .setLinearDamping(0.5)
    .enabledTranslations(true, true, false)
    .lockRotations()
    .setCanSleep(false);
  const puck = world.rapier.createRigidBody(description).handle;
  const goal = { x: 0, y: 0 }; // m: all of the state that the physics world does not hold

  const goalOffset = () => {
    const { x, y } = world.body(puck).translation();
    return [x - goal.x, y - goal.y];
  };

  // Resets, snapshots and closing are the same for every scene in a physics world.
  return createPhysicsScene(`puck/${mass}, ${physicsVersion()}`, world, {
    extra: goal,
    start(random) {
      goal.x = random() - 0.5;
      goal.y = random() - 0.5;
    },
    advance(action) {
      const body = world.body(puck);
      body.resetForces(false);
      body.addForce({ x: FORCE * action[0], y: FORCE * action[1], z: 0 }, false);
      for (let i = substepsPerControl(CONTROL_PERIOD, PHYSICS_STEP); i > 0; i--) world.step();
    },
    observe(out) {
      const velocity = world.body(puck).linvel();
      out.set([...goalOffset(), velocity.x, velocity.y]);
    },
    measure: () => ({ positionErrorMm: 1e3 * Math.hypot(...goalOffset()) }),
    bodies: [
      {
        name: "puck",
        fixed: false,
        shapes: [
          {
            kind: "cylinder",
            size: [0.08, 0.08, 2 * HEIGHT],
            pose: { position: [0, 0, 0], rotation: [0, 0, 0, 1] },
            color: [0.2, 0.35, 0.65, 1],
          },
        ],
      },
    ],
    pose: () => world.pose(puck),
  });
}

const OBSERVATION = [
  { name: "puckMinusGoalX", unit: "m" },
  { name: "puckMinusGoalY", unit: "m" },
  { name: "velocityX", unit: "m/s" },
  { name: "velocityY", unit: "m/s" },
];
const PUCK_MINUS_GOAL = new ChannelSpan(OBSERVATION, "puckMinusGoalX", "puckMinusGoalY");

/**
 * @param {number} mass kg
 * @returns {Task}
 */
const createTask = (mass) => ({
  name: `${mass}kg`,
  spec: {
    observation: OBSERVATION,
    action: [
      { name: "forceX", unit: "2 N", low: -1, high: 1 },
      { name: "forceY", unit: "2 N", low: -1, high: 1 },
    ],
    episodeSteps: 40,
    controlPeriod: CONTROL_PERIOD,
  },
  // What tells the tasks apart, so that `evaluate --tasks unseen` can give one a model that was never learned.
  parameters: [{ name: "mass", unit: "kg", value: mass, low: 0.5, high: 2, scale: "log" }],
  createScene: () => createScene(mass),
  // Minus the squared distance to the goal (m) and 0.01 ‖u‖². Only operations of `ops`: the planner runs it too.
  reward(ops, { action, nextObservation }) {
    const offset = PUCK_MINUS_GOAL.slice(ops, nextObservation);
    const cost = ops.scale(ops.sum(ops.mul(action, action)), 0.01);
    return ops.scale(ops.add(ops.sum(ops.mul(offset, offset)), cost), -1);
  },
  succeeded: ({ positionErrorMm }) => positionErrorMm <= 50,
  // Counted beside success, in logs and tables.
  outcomes: [
    {
      name: "near",
      description: "the puck ends within 200 mm of its goal",
      holds: ({ positionErrorMm }) => positionErrorMm <= 200,
    },
  ],
});

/** @type {import("hypercrl").TaskSuite} */
export default {
  name: "puck",
  description: "Push a puck to a goal; 3 tasks differ in its mass",
  tasks: [0.5, 1, 2].map(createTask),
};

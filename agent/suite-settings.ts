/**
 * What a suite changes of a profile, as `name=value` assignments applied before the user's own. The profiles
 * themselves are those of push; a suite that is not listed uses them as they are.
 */
export const SUITE_DEFAULTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  // Few numbers and a short horizon in s: small networks and few samples do, and ten tasks take minutes.
  cartpole: {
    quick: [
      "loop.initialRandomSteps=200",
      "loop.randomHold=2",
      "loop.stepsPerTask=1200",
      "loop.bufferCapacity=1400",
      "loop.trainIterations=800",
      "dynamics.hidden=[64,64]",
      "planner.horizon=25",
      "planner.samples=120",
      "planner.elites=12",
      "planner.iterations=3",
      "planner.initialStd=2",
    ],
  },
  reacher: {
    quick: [
      "loop.initialRandomSteps=200",
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
  door: {
    quick: [
      "loop.initialRandomSteps=2200",
      "loop.stepsPerTask=5060",
      "loop.bufferCapacity=7260",
      "loop.randomHold=3",
      "hypernetwork.beta=0.5",
      "dynamics.hidden=[200,200]",
      "planner.horizon=10",
      "planner.samples=300",
      "planner.elites=20",
      "planner.initialStd=0.7",
    ],
    paper: [
      "loop.stepsPerTask=60000",
      "loop.trainIterations=200",
      "loop.bufferCapacity=62000",
      "dynamics.hidden=[200,200,200,200]",
      "hypernetwork.hidden=[256,256]",
      "hypernetwork.activation=relu",
      "hypernetwork.beta=0.5",
      "planner.horizon=10",
      "planner.samples=2000",
      "planner.initialStd=0.5",
    ],
  },
};

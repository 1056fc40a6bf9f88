/** Published for the suites whose dynamics network has four hidden layers of 200. */
const LARGE_NETWORK = [
  "dynamics.hidden=[200,200,200,200]",
  "dynamics.outputVariance=true",
  "hypernetwork.hidden=[256,256]",
  "hypernetwork.activation=relu",
  "chunked.hidden=[25,30]",
  "chunked.chunk=4000",
];

const keep = (transitions: number) => [
  `hypernetwork.coresetSize=${transitions}`,
  `mlp.coresetSize=${transitions}`,
];

/** Shorter than the profile, so that five tasks take minutes with every method; see docs/experiments/quick-profile.md. */
const PUSH_QUICK = [
  "loop.stepsPerTask=2400",
  "loop.bufferCapacity=3600",
  "loop.trainIterations=400",
  "loop.evaluationEpisodes=4",
];

/**
 * What a suite changes of a profile, as `name=value` assignments applied before the user's own. A suite that is not
 * listed uses the profiles as they are.
 */
export const SUITE_DEFAULTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  push: { quick: PUSH_QUICK },
  "push-random": { quick: PUSH_QUICK },
  // Few numbers and a short horizon in s: small networks and few samples do, and ten tasks take minutes.
  cartpole: {
    quick: [
      "loop.initialRandomSteps=200",
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
    // Unlike push, more steps and fewer minibatches: the dynamics network overfits before it runs out of things to see.
    quick: [
      "loop.initialRandomSteps=2200",
      "loop.stepsPerTask=13200",
      "loop.bufferCapacity=15400",
      "loop.randomHold=3",
      "loop.trainEvery=220",
      "loop.trainIterations=250",
      ...keep(600),
      "hypernetwork.beta=5",
      // A rate that falls within a session leaves a settled model to plan with; plain networks do not gain by it.
      "hypernetwork.endFactor=0.05",
      // A shifted plan ends in the middle, "stay where you are": in one second of horizon a repeated action goes too far.
      "planner.lastAction=middle",
      "planner.horizon=10",
      "planner.samples=16",
      "planner.elites=8",
      "planner.iterations=3",
      "planner.noiseBeta=1",
      "planner.keepFraction=0.6",
      // Turns of 0.5 rad in 0.1 s make the wrist thrash, which the model cannot foresee.
      "planner.initialStd=[0.5,0.5,0.5,0.125,0.125,0.125,0.5]",
    ],
    paper: [
      "loop.stepsPerTask=60000",
      "loop.trainIterations=200",
      "loop.bufferCapacity=62000",
      ...LARGE_NETWORK,
      ...keep(600),
      "hypernetwork.beta=0.5",
      "planner.horizon=10",
      "planner.samples=2000",
      "planner.initialStd=0.5",
    ],
  },
  "push-slide": {
    // A strike must be foreseen to the end of its slide, from 18 numbers without velocities: gentle actions, the whole
    // episode, and the mean of many elites rather than the one sequence that the model thinks best.
    quick: [
      "planner.name=cem",
      "planner.horizon=40",
      "planner.samples=100",
      "planner.elites=30",
      "planner.iterations=3",
      "planner.initialStd=0.2",
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
  cheetah: {
    // Episodes of 1000 steps: eight of them planned, three quarters of a second ahead.
    quick: [
      "loop.initialRandomSteps=2000",
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
      "loop.stepsPerTask=100000",
      "loop.bufferCapacity=110000",
      "loop.trainEvery=1000",
      ...LARGE_NETWORK,
      ...keep(1000),
      "planner.horizon=30",
      "planner.elites=50",
    ],
  },
};

/**
 * What a method changes of a profile, after what the suite does. Published for all suites alike; the published code also
 * goes on adapting the chunked hypernetwork's earlier task embeddings, which stay as learned here.
 */
export const METHOD_DEFAULTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  chunked: { paper: ["hypernetwork.activation=relu", "hypernetwork.beta=0.005"] },
};

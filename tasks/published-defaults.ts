/** Published for the suites whose dynamics network has four hidden layers of 200 (Huang et al. 2021). */
export const LARGE_NETWORK: readonly string[] = [
  "dynamics.hidden=[200,200,200,200]",
  "dynamics.outputVariance=true",
  "hypernetwork.hidden=[256,256]",
  "hypernetwork.activation=relu",
  "chunked.hidden=[25,30]",
  "chunked.chunk=4000",
];

/** Assignments for methods that keep some transitions of each task. */
export const keptTransitions = (count: number): readonly string[] => [
  `hypernetwork.coresetSize=${count}`,
  `mlp.coresetSize=${count}`,
];

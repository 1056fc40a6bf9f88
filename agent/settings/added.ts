/**
 * Settings that came after runs had been made without them, each with the value that says what was done before. Older
 * settings are read with it, and it is left out of the hash, so that an older run keeps its own.
 */
export const ADDED_SETTINGS: readonly (readonly [group: string, name: string, before: unknown])[] = [
  ["hypernetwork", "endFactor", 1],
  ["hypernetwork", "lookAheadEpsilon", "corrected"],
  ["mlp", "endFactor", 1],
  ["planner", "lastAction", "repeat"],
  ["planner", "chooseBest", false],
  ["planner", "scaleActions", false],
  ["planner", "holdReward", false],
  ["planner", "precision", "float32"],
  ["planner", "annealIterations", 0],
  ["planner", "annealHorizon", 0],
  ["planner", "knots", 0],
  ["planner", "polishSteps", 0],
  ["planner", "polishRate", 0.05],
  ["planner", "polishPlans", 5],
  ["dynamics", "outlierLimit", 0],
  ["loop", "learningEpisodeSteps", 0],
  ["loop", "learningStarts", "shared"],
  ["loop", "learningModel", "ensemble"],
  ["loop", "explorationStd", 0],
  ["loop", "evaluateTasks", "all"],
  ["loop", "schedule", "once"],
  ["dynamics", "history", 0],
  ["dynamics", "members", 1],
  ["hypernetwork", "output", "full"],
  ["hypernetwork", "rank", 4],
  ["hypernetwork", "algebra", 2],
  ["hypernetwork", "encoding", "none"],
  ["dynamics", "normalizer", "task"],
];

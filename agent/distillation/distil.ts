import { meanOf } from "../../sim/core/mean.js";
import type { Rng } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
import type { Task } from "../../sim/task.js";
import { ONE_THREAD } from "../compute.js";
import { EpisodeRun, type Outcome } from "../episode-run.js";
import { PlainLearner } from "../methods/plain-learner.js";
import type { MpcPolicy } from "../policy.js";
import { LabelledStates } from "./labelled-states.js";
import { PolicyNetwork, type PolicyWeights, policyShape } from "./policy-network.js";

/** How the planner of a task is distilled. */
export interface DistillationOptions {
  readonly task: Task;
  /** Index of the task in its suite. */
  readonly taskIndex: number;
  /** How often episodes are played, 2 or more: by the planner first, then by networks. */
  readonly rounds: number;
  /** Episodes of a round. */
  readonly episodes: number;
  /** Minibatches of a fit. */
  readonly minibatches: number;
  /** As in `StateSpec`. */
  readonly history: number;
  /** Stream that starts, the planner's noise, first weights and minibatches are drawn from. */
  readonly rng: Rng;
  /** Told of what came of each round. */
  readonly onRound?: (round: DistillationRound) => void;
  /** True once the user asked to stop. */
  readonly stopRequested: () => boolean;
}

/** What is imitated: a planner, as far as it must be known. */
type Teacher = Pick<MpcPolicy, "startEpisode" | "act">;

/** One round of episodes. */
export interface DistillationRound {
  /** Who acted: the planner in the first round, then a network that was fitted to all rounds before. */
  readonly acting: "planner" | "policy";
  readonly outcomes: readonly Outcome[];
}

/** Adam's step sizes, which fall within a fit, the size of a minibatch, and the largest norm of its gradient. */
const STEP_SIZES = { learningRate: 1e-3, endFactor: 0.03 };
const [BATCH_SIZE, CLIP_NORM] = [128, 5];

/**
 * Fits a policy network to what a planner does on one task. In the first round the planner acts. In later rounds the network acts and
 * the planner says in each state that it comes to what it would do there, so that the network learns to get out of where its own errors
 * lead (dataset aggregation: Ross, Gordon & Bagnell 2011, arXiv 1011.0686). Before each of them the network is fitted from scratch to the
 * states of all rounds so far, by the mean squared error of the scaled actions. What comes out is the network that returned most over the
 * episodes of its round: one that was fitted to more states need not be better.
 * @param planner of the task; stays the caller's
 * @throws Stopped when the user asked to stop, RunError when the loss is not finite
 */
export async function distil(planner: Teacher, options: DistillationOptions): Promise<PolicyWeights> {
  const { task, rounds, episodes, history, rng, onRound } = options;
  const data = new LabelledStates(task.spec, history, rounds * episodes * task.spec.episodeSteps);
  const environment = new Environment(task);
  const play = async (round: number, network: PolicyNetwork | undefined): Promise<number> => {
    const outcomes: Outcome[] = [];
    for (let k = 0; k < episodes; k++) {
      const stream = rng.split(`round${round}/episode${k}`);
      outcomes.push(await playEpisode(environment, planner, network, data, options, stream));
    }
    onRound?.({ acting: network === undefined ? "planner" : "policy", outcomes });
    return meanOf(outcomes.map((outcome) => outcome.return));
  };
  try {
    await play(0, undefined);
    let best: { readonly policy: PolicyWeights; readonly returned: number } | undefined;
    for (let round = 1; round < rounds; round++) {
      const policy = await fitNetwork(data, options, rng.split(`round${round}/fit`));
      const returned = await play(round, new PolicyNetwork(task.spec, history, policy));
      if (best === undefined || returned > best.returned) best = { policy, returned };
    }
    if (best === undefined) throw new RangeError("There must be two rounds at least.");
    return best.policy;
  } finally {
    environment.close();
  }
}

/** Plays an episode and keeps what the planner does, or would do, in each of its states. */
async function playEpisode(
  environment: Environment,
  planner: Teacher,
  network: PolicyNetwork | undefined,
  data: LabelledStates,
  { taskIndex, history, stopRequested }: DistillationOptions,
  rng: Rng,
): Promise<Outcome> {
  const seed = rng.split("start").uint32();
  const kind = { phase: "evaluate", afterTask: -1, taskIndex, seed } as const;
  const run = new EpisodeRun(environment, { kind, recordings: undefined, file: "", history, stopRequested });
  return run.run(async () => {
    planner.startEpisode(rng.split("planner"));
    while (!run.over) {
      const label = await planner.act(run.state, run.stepsDone);
      data.add(run.state, label);
      run.step(network?.act(run.state) ?? label);
    }
  });
}

async function fitNetwork(
  data: LabelledStates,
  { task, history, minibatches }: DistillationOptions,
  rng: Rng,
): Promise<PolicyWeights> {
  const learner = new PlainLearner({
    dynamics: policyShape(task.spec, history),
    batchSize: BATCH_SIZE,
    clipNorm: CLIP_NORM,
    rng: rng.split("weights"),
    compute: ONE_THREAD,
    stepSizes: STEP_SIZES,
    sharing: "single",
  });
  try {
    const normalizer = data.normalizer.arrays();
    await learner.beginTask(0);
    await learner.train(data, normalizer, minibatches, rng.split("minibatches"));
    return { weights: await learner.weights(0), normalizer };
  } finally {
    await learner.release();
  }
}

import type { Graph } from "../graph/graph.js";
import { type Feeds, Session, tensor } from "../graph/session.js";
import type { LearnerOptions, TrainingReport } from "../learner.js";
import { ADAM_SCALARS, adamSchedule, type StepSizes } from "../model/adam.js";
import { begun } from "./begun.js";
import { type LossNames, LossRecorder } from "./losses.js";
import { MinibatchFeeder, type TrainingCall } from "./minibatches.js";
import {
  type Objective,
  type TrainedGroup,
  type TrainingGraphOptions,
  trainingGraph,
} from "./training-graph.js";

/** What learners of plain networks are made with. */
export interface NetworkOptions extends LearnerOptions {
  readonly stepSizes: StepSizes;
}

/** How a network is trained. */
export interface NetworkTrainerOptions extends TrainingGraphOptions {
  /** Words for messages; those of plain networks by default. */
  readonly lossNames?: LossNames;
}

/** What an objective's own inputs are fed with, and where its carried states go, as `next.NAME`. */
export interface ObjectiveTensors {
  readonly feeds?: Feeds;
  readonly results?: Feeds;
}

/**
 * Trains parameters by minibatches of Adam with clipped gradients, many to one call of the runtime: what a minibatch
 * does is the objective's. It runs wherever the runtime does. (The published code clips the hypernetwork's gradients
 * alone; here all methods have the same limit.)
 */
export class NetworkTrainer {
  readonly #options: NetworkTrainerOptions;
  readonly #feeder: MinibatchFeeder;
  readonly #losses: LossRecorder;
  #groups: readonly TrainedGroup[] = [];
  #session: Session | undefined;
  /** Minibatches since the optimiser was fresh. */
  steps = 0;

  constructor(options: NetworkTrainerOptions) {
    const { dynamics, batchSize, lossNames } = options;
    this.#options = options;
    this.#feeder = new MinibatchFeeder(dynamics);
    this.#losses = new LossRecorder(
      lossNames ?? { added: "the loss that the method adds", rateSetting: "mlp.learningRate" },
      batchSize,
    );
  }

  /** Makes the training graph of these parameters, whose optimiser is fresh. */
  async build<const G extends readonly TrainedGroup[]>(
    groups: G,
    declare: (g: Graph) => Objective<G>,
  ): Promise<void> {
    await this.#session?.release();
    this.#groups = groups;
    this.#session = await Session.create(trainingGraph(this.#options, groups, declare));
    this.steps = 0;
  }

  /** @throws RunError when a loss is not finite; the parameters then stay as they were */
  async train(call: TrainingCall, own: ObjectiveTensors = {}): Promise<TrainingReport> {
    const { iterations } = call;
    const losses = this.#losses.start(iterations);
    const feeds = { ...this.#feeder.feeds(call), ...own.feeds };
    const results = {
      "losses.task": tensor(losses.task, [iterations]),
      "losses.added": tensor(losses.added, [iterations]),
      ...own.results,
    };
    for (const { name, parameters, stepSizes } of this.#groups) {
      const schedule = adamSchedule(stepSizes, this.steps + 1, iterations);
      Object.assign(feeds, parameters.feeds(true), {
        [`adam.${name}`]: tensor(schedule, [iterations, ADAM_SCALARS]),
      });
      Object.assign(results, parameters.results());
    }
    await begun(this.#session).run(feeds, results);
    const report = this.#losses.report(losses, call.task);
    for (const { parameters } of this.#groups) parameters.swap();
    this.steps += iterations;
    return report;
  }

  /** Frees the training graph. */
  async release(): Promise<void> {
    await this.#session?.release();
  }
}

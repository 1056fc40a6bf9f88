import type { Rng } from "../../sim/core/rng.js";
import { Graph, type Tensor } from "../graph/graph.js";
import { loop } from "../graph/loop.js";
import * as ops from "../graph/operations.js";
import { alignedArray, type Feeds, Session, tensor } from "../graph/session.js";
import type { LearnerOptions, TrainingReport } from "../learner.js";
import {
  adamMoments,
  adamScalars,
  adamStep,
  clipScale,
  fillAdamScalars,
  type StepSizes,
} from "../model/adam.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import { ParameterGroup, type ParameterSpec } from "../model/parameters.js";
import type { TrainingData } from "../model/replay-buffer.js";
import {
  checkLosses,
  LossArray,
  MinibatchFeeder,
  mean,
  minibatchInputs,
  normalizedMinibatch,
  tripCount,
} from "./minibatches.js";
import { flattenStates, groupStates } from "./states.js";

export interface PlainOptions extends LearnerOptions, StepSizes {
  /** Name of the setting that holds it, for messages; `mlp.learningRate` by default. */
  readonly rateSetting?: string;
}

/** A normalised minibatch of the current task. */
export interface Minibatch {
  /** `[B, I]` */
  readonly x: Tensor;
  /** `[B, X]` */
  readonly y: Tensor;
  /** Its number, int64 scalar. */
  readonly iteration: Tensor;
}

/** What a method makes of one minibatch. */
export interface Step {
  /** Loss of the current task, shape `[]`. */
  readonly taskLoss: Tensor;
  /** What the method adds to it, shape `[]`. */
  readonly added?: Tensor;
  /** Of their sum, one for each parameter. */
  readonly gradients: readonly Tensor[];
  /** The method's carried states after the step that led to the parameters `next`. */
  readonly carry?: (next: readonly Tensor[]) => readonly Tensor[];
}

/** A method's part of a training graph: its inputs, its carried states and what it makes of a minibatch. */
export interface Method {
  readonly carried?: readonly Tensor[];
  step(minibatch: Minibatch, parameters: readonly Tensor[], carried: readonly Tensor[]): Step;
}

export interface TrainingCall {
  readonly data: TrainingData;
  readonly normalizer: NormalizerArrays;
  readonly iterations: number;
  readonly rng: Rng;
  /** The current task, for messages. */
  readonly task: number;
  /** What the method's own inputs are fed with, and where its carried states go, as `next.NAME`. */
  readonly feeds?: Feeds;
  readonly results?: Feeds;
}

/**
 * Trains the parameters of a plain network by minibatches of Adam with clipped gradients, many to one call of the
 * runtime. (The published code clips the hypernetwork's gradients alone; here all methods have the same limit.)
 * Methods differ in what they add to the loss of the current task.
 */
export class NetworkTrainer {
  readonly #options: PlainOptions;
  readonly #feeder: MinibatchFeeder;
  readonly #losses = [new LossArray(), new LossArray()];
  #group = new ParameterGroup([]);
  #session: Session | undefined;
  /** Minibatches since the optimiser was fresh. */
  steps = 0;

  constructor(options: PlainOptions) {
    this.#options = options;
    this.#feeder = new MinibatchFeeder(options.dynamics, options.batchSize);
  }

  /** The parameters being trained. */
  get group(): ParameterGroup {
    return this.#group;
  }

  /** New parameters, all zero, and the training graph that goes with them. */
  async build(specs: readonly ParameterSpec[], declare: (g: Graph) => Method): Promise<void> {
    await this.#session?.release();
    this.#group = new ParameterGroup(specs);
    this.#session = await Session.create(trainingGraph(this.#options, this.#group, declare));
    this.steps = 0;
  }

  /** @throws RunError when a loss is not finite; the parameters then stay as they were */
  async train(call: TrainingCall): Promise<TrainingReport> {
    const { data, normalizer, iterations, rng } = call;
    const { batchSize, rateSetting = "mlp.learningRate" } = this.#options;
    const [taskLosses, added] = this.#losses.map((l) => l.take(iterations));
    const scalars = alignedArray(2 * iterations);
    fillAdamScalars(scalars, this.#options, this.steps + 1);
    await this.#session!.run(
      {
        ...this.#feeder.feeds(data, normalizer, iterations, rng),
        "adam.network": tensor(scalars, [iterations, 2]),
        ...this.#group.feeds(true),
        ...call.feeds,
      },
      {
        ...this.#group.results(),
        "losses.task": tensor(taskLosses, [iterations]),
        "losses.added": tensor(added, [iterations]),
        ...call.results,
      },
    );
    const losses = { "the task loss": taskLosses, "the loss that the method adds": added };
    checkLosses(losses, call.task, rateSetting);
    this.#group.swap();
    this.steps += iterations;
    return { taskLoss: mean(taskLosses) / batchSize, regularizer: mean(added) / batchSize };
  }

  async release(): Promise<void> {
    await this.#session?.release();
  }
}

function trainingGraph(
  { dynamics, batchSize, clipNorm }: PlainOptions,
  group: ParameterGroup,
  declare: (g: Graph) => Method,
): Graph {
  const g = new Graph();
  const data = minibatchInputs(g, dynamics, batchSize);
  const allScalars = g.input("adam.network", ["trips", 2]);
  const method = declare(g);
  const { carried = [] } = method;
  const initial = [...group.declare(g, true), ...carried];
  const own = initial.length - carried.length;
  const result = loop(g, tripCount(g, data), initial, (body, iteration, states) => {
    const { values, moments } = groupStates(states.slice(0, own));
    const minibatch = { ...normalizedMinibatch(data, iteration), iteration };
    const step = method.step(minibatch, values, states.slice(own));
    const raw = step.gradients;
    const scale = clipScale(raw, clipNorm);
    const scalars = adamScalars(allScalars, iteration);
    const nextMoments = raw.map((gradient, i) => adamMoments(ops.mul(gradient, scale), moments[i]));
    const next = values.map((w, i) => adamStep(w, nextMoments[i], scalars));
    return {
      next: [...flattenStates(next, nextMoments), ...(step.carry?.(next) ?? [])],
      collect: [step.taskLoss, ops.add(step.added ?? body.constant(0), 0)],
    };
  });
  const names = [...group.entries().map(({ name }) => name), ...carried.map(({ name }) => name)];
  result.states.forEach((t, i) => {
    g.output(`next.${names[i]}`, t);
  });
  g.output("losses.task", result.collected[0]);
  g.output("losses.added", result.collected[1]);
  return g;
}

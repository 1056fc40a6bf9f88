import type { Feeds, RunTensors, Session } from "../graph/session.js";
import { addSums } from "../kernel/sums.js";
import type { TrainingReport } from "../learner.js";
import { ADAM_SCALARS, adamSchedule, fillKernelConstants, type StepSizes } from "../model/adam.js";
import type { MlpShape } from "../model/network.js";
import { forBothSets, type ParameterGroup } from "../model/parameters.js";
import type { FusedTheta } from "./fused-theta.js";
import { type LossNames, LossRecorder } from "./losses.js";
import { MinibatchFeeder, type TrainingCall } from "./minibatches.js";

/** Small arrays that graphs and kernel exchange in a minibatch that has losses of G embeddings. */
export interface Exchange {
  /** Gradients for the embeddings' hidden outputs `[G, rows]`. */
  readonly dh: Float32Array;
  /** Loss of the current task `[1]`. */
  readonly taskLoss: Float32Array;
  /** Number of the minibatch `[1]`. */
  readonly iteration: BigInt64Array;
}

/** The tensors of a minibatch. */
export interface FusedStep {
  readonly losses: RunTensors;
  readonly update: RunTensors;
  /**
   * What the method adds to the task loss of minibatch `iteration`. Called between the head's backward pass and the
   * update: whatever else the update needs must be there afterwards.
   */
  addedLoss(iteration: number): number | Promise<number>;
}

/** What tells the minibatches of one method from another's: two ONNX graphs on the kernel's memory. */
export interface FusedObjective {
  /** Losses of a minibatch and their gradients for the generated numbers. */
  readonly losses: Session;
  /** The step of hidden layers and embeddings. */
  readonly update: Session;
  readonly exchange: Exchange;
  /** The embeddings that are trained, one parameter `[G, E]`. */
  readonly embeddings: ParameterGroup;
  /** What else is trained: the graph of losses makes its steps. */
  readonly others?: readonly ParameterGroup[];
  /** G */
  readonly count: number;
  /** Makes the tensors of a minibatch over the parameters as they lie now. */
  createStep(minibatches: Feeds, schedules: readonly Float32Array[]): FusedStep;
}

export interface FusedTrainerOptions {
  /** The network whose weights are generated. */
  readonly dynamics: MlpShape;
  readonly batchSize: number;
  /** Each gives a schedule of Adam's scalars, see `adamSchedule`; the first is that of Θ. */
  readonly stepSizes: readonly StepSizes[];
  readonly lossNames: LossNames;
}

/**
 * Minibatch steps with the fused kernel for the head, which holds nearly all of Θ: its gradient is never stored, and
 * a step passes over its memory a few times. Hidden layers, embeddings and losses are small ONNX graphs that read and
 * write the kernel's memory.
 */
export class FusedTrainer {
  readonly #options: FusedTrainerOptions;
  readonly #theta: FusedTheta;
  readonly #feeder: MinibatchFeeder;
  readonly #losses: LossRecorder;
  /** Minibatches since the optimiser was fresh. */
  steps = 0;

  constructor(options: FusedTrainerOptions, theta: FusedTheta) {
    this.#options = options;
    this.#theta = theta;
    this.#feeder = new MinibatchFeeder(options.dynamics);
    this.#losses = new LossRecorder(options.lossNames, options.batchSize);
  }

  /** @throws RunError when a loss is not finite; that minibatch and those after it have then changed nothing */
  async train(call: TrainingCall, objective: FusedObjective): Promise<TrainingReport> {
    const { iterations } = call;
    const { embeddings, others = [], count, exchange } = objective;
    const { head, hidden } = this.#theta;
    const losses = this.#losses.start(iterations);
    const schedules = this.#options.stepSizes.map((sizes) => adamSchedule(sizes, this.steps + 1, iterations));
    const thetaSchedule = schedules[0]!;
    const minibatches = this.#feeder.feeds(call);
    const groups = [hidden.group, embeddings, ...others];
    // Parameters are read from one set of arrays and written to the other, in turn.
    const steps = forBothSets(groups, () => objective.createStep(minibatches, schedules));
    await this.#theta.forward(embeddings.values(0), count);
    head.send("generated");
    for (let i = 0; i < iterations; i++) {
      const step = steps[i % 2]!;
      exchange.iteration[0] = BigInt(i);
      const [stepSize, epsilon, aheadEpsilon] = thetaSchedule.subarray(ADAM_SCALARS * i);
      // A look-ahead is all that the kernel makes with these before the update.
      fillKernelConstants(head.arrays.adam, stepSize!, aheadEpsilon!);
      await objective.losses.run(...step.losses);
      head.receive("d");
      await this.#theta.pass("backward");
      addSums(head, exchange.dh, count);
      losses.task[i] = exchange.taskLoss[0]!;
      losses.added[i] = await step.addedLoss(i);
      if (!Number.isFinite(losses.task[i]) || !Number.isFinite(losses.added[i])) break;
      fillKernelConstants(head.arrays.adam, stepSize!, epsilon!);
      await objective.update.run(...step.update);
      head.receive("h", "scaled");
      await this.#theta.pass("update");
      head.send("generated");
      for (const group of groups) group.swap();
    }
    const report = this.#losses.report(losses, call.task);
    this.steps += iterations;
    return report;
  }
}

import { elementAt } from "../../sim/core/element.js";
import { alignedArrays, type Feeds, type RunTensors, Session, tensor } from "../graph/session.js";
import type { Head } from "../kernel/head.js";
import { addSums, dot, gradientSquares } from "../kernel/sums.js";
import type { TrainingReport } from "../learner.js";
import { ADAM_SCALARS } from "../model/adam.js";
import { ParameterGroup } from "../model/parameters.js";
import type { NamedArray, SavedArrays } from "../model/saved-arrays.js";
import { begun } from "./begun.js";
import { lookAheadGraph, taskGraph, updateGraph } from "./fused-regularized-graphs.js";
import { FusedTheta } from "./fused-theta.js";
import { type Exchange, type FusedStep, FusedTrainer } from "./fused-trainer.js";
import {
  type EarlierTasks,
  REGULARIZED_LOSSES,
  type RegularizedCall,
  type RegularizedTrainer,
  type RegularizedTrainerOptions,
} from "./regularized-trainer.js";

interface RegularizedExchange extends Exchange {
  /** Gradients for the hidden outputs of the regularised embeddings `[R, rows]`. */
  readonly dhAhead: Float32Array;
  /** Regularised embeddings `[R, E]`. */
  readonly earlier: Float32Array;
  /** Sum of squares of the head's gradient. */
  readonly squares: Float32Array;
  /** Sum of squares of the task's gradient for the generated weights. */
  readonly taskSquares: Float32Array;
}

/** What the minibatches of one task need. */
interface Prepared {
  readonly earlier: EarlierTasks;
  readonly exchange: RegularizedExchange;
  readonly losses: Session;
  /** Undefined when nothing is regularised. */
  readonly lookAhead: Session | undefined;
  readonly update: Session;
}

/** HyperCRL's minibatches with the fused kernel; the look-ahead is a third pass over the head. */
export class FusedRegularizedTrainer implements RegularizedTrainer {
  readonly theta: FusedTheta;
  readonly #options: RegularizedTrainerOptions;
  readonly #embedding: ParameterGroup;
  readonly #trainer: FusedTrainer;
  #prepared: Prepared | undefined;

  /** @param threads that share the head's passes */
  constructor(options: RegularizedTrainerOptions, threads: number) {
    const { shape, batchSize, stepSizes, embeddingStepSizes } = options;
    this.#options = options;
    this.theta = new FusedTheta(shape, threads);
    this.#embedding = new ParameterGroup([{ name: "embedding", shape: [1, shape.embedding], bound: 0 }]);
    this.#trainer = new FusedTrainer(
      {
        dynamics: shape.target,
        batchSize,
        stepSizes: [stepSizes, embeddingStepSizes],
        lossNames: REGULARIZED_LOSSES,
      },
      this.theta,
    );
  }

  get steps(): number {
    return this.#trainer.steps;
  }

  set steps(steps: number) {
    this.#trainer.steps = steps;
  }

  newTask(e: Float32Array): void {
    this.theta.clearMoments();
    this.#embedding.values(0).set(e);
    this.#embedding.clearMoments();
  }

  async prepare(earlier: EarlierTasks): Promise<void> {
    const { shape, clipNorm } = this.#options;
    const { targets, regularized } = earlier;
    this.theta.reshape({ earlier: targets.length, embeddings: 1, regularized });
    const { head, layers } = this.theta;
    targets.forEach((target, j) => {
      head.arrays.targets.set(target, j * head.padded);
    });
    await this.#releaseSessions();
    this.#prepared = {
      earlier,
      exchange: createExchange(head, shape.embedding),
      losses: await Session.create(taskGraph(this.#options)),
      lookAhead: regularized === 0 ? undefined : await Session.create(lookAheadGraph(layers, regularized)),
      update: await Session.create(updateGraph(layers, this.#embedding, clipNorm, regularized)),
    };
    this.#trainer.steps = 0;
  }

  train(call: RegularizedCall): Promise<TrainingReport> {
    const prepared = begun(this.#prepared);
    return this.#trainer.train(call, {
      ...prepared,
      embeddings: this.#embedding,
      count: 1,
      createStep: (minibatches, schedules) => this.#createStep(prepared, call, minibatches, schedules),
    });
  }

  embedding(): Float32Array {
    return this.#embedding.values(0).slice();
  }

  entries(): NamedArray[] {
    return [...this.theta.entries().flat(), ...this.#embedding.entries()];
  }

  restore(saved: SavedArrays): void {
    this.theta.restore(saved);
    this.#embedding.restore(saved, "");
  }

  async release(): Promise<void> {
    await this.#releaseSessions();
    await this.theta.release();
  }

  #createStep(
    prepared: Prepared,
    { picks }: RegularizedCall,
    minibatches: Feeds,
    schedules: readonly Float32Array[],
  ): FusedStep {
    const thetaSchedule = elementAt(schedules, 0, "schedules");
    const embeddingSchedule = elementAt(schedules, 1, "schedules");
    const { head, hidden } = this.theta;
    const { ports, rows, shape } = head;
    const x = prepared.exchange;
    const R = prepared.earlier.regularized;
    const P = shape.columns;
    const iteration = tensor(x.iteration, []);
    const common: Feeds = {
      iteration,
      "adam.theta": tensor(thetaSchedule, [thetaSchedule.length / ADAM_SCALARS, ADAM_SCALARS]),
      dh: tensor(x.dh, [1, rows]),
      ...(R > 0 && { earlier: tensor(x.earlier, [R, x.earlier.length / R]) }),
      ...hidden.group.feeds(true),
    };
    const ahead: RunTensors = [
      { ...common, ...this.#embedding.feeds(false) },
      { ahead: tensor(ports.ahead, [R, rows]) },
    ];
    return {
      losses: [
        { ...minibatches, iteration, weights: tensor(ports.generated.subarray(0, P), [1, P]) },
        {
          taskLoss: tensor(x.taskLoss, []),
          d: tensor(ports.d.subarray(0, P), [1, P]),
          squares: tensor(x.taskSquares, []),
        },
      ],
      addedLoss: (i) => this.#regularize(prepared, picks.subarray(i * R, (i + 1) * R), ahead),
      update: [
        {
          ...common,
          ...this.#embedding.feeds(true),
          ...(R > 0 && { dhAhead: tensor(x.dhAhead, [R, rows]) }),
          squares: tensor(x.squares, []),
          "adam.embedding": tensor(embeddingSchedule, [
            embeddingSchedule.length / ADAM_SCALARS,
            ADAM_SCALARS,
          ]),
        },
        {
          ...hidden.group.results(),
          ...this.#embedding.results(),
          scaled: tensor(ports.scaled, [rows, R + 1]),
          h: tensor(ports.h, [1, rows]),
        },
      ],
    };
  }

  /**
   * Passes over the head where the task's own step would lead, and leaves the sum of squares of its gradient.
   * @param tasks to regularise `[R]`
   * @returns the regulariser
   */
  async #regularize(
    { earlier, exchange, lookAhead }: Prepared,
    tasks: Int32Array,
    ahead: RunTensors,
  ): Promise<number> {
    const { shape, beta, batchSize } = this.#options;
    const { head } = this.theta;
    if (lookAhead === undefined) {
      exchange.squares[0] = dot(head.arrays.h, head.arrays.h) * exchange.taskSquares[0]!;
      return 0;
    }
    head.setPicks(tasks, (2 * beta * batchSize) / tasks.length);
    tasks.forEach((task, j) => {
      exchange.earlier.set(earlier.embeddings[task]!, j * shape.embedding);
    });
    await lookAhead.run(...ahead);
    head.receive("ahead");
    await this.theta.pass("lookAhead");
    addSums(head, exchange.dhAhead, tasks.length);
    const { all, drifts } = gradientSquares(head);
    exchange.squares[0] = all;
    // The d of a drift is 2 β B / R times it, and the regulariser β B / R times its square.
    return beta === 0 ? 0 : drifts / (2 * head.driftGradient);
  }

  async #releaseSessions(): Promise<void> {
    await this.#prepared?.losses.release();
    await this.#prepared?.lookAhead?.release();
    await this.#prepared?.update.release();
  }
}

function createExchange({ rows, shape: { regularized } }: Head, embedding: number): RegularizedExchange {
  const [dh, dhAhead, earlier, squares, taskSquares, taskLoss] = alignedArrays([
    rows,
    regularized * rows,
    regularized * embedding,
    1,
    1,
    1,
  ]);
  return { dh, dhAhead, earlier, squares, taskSquares, taskLoss, iteration: new BigInt64Array(1) };
}

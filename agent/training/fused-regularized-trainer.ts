import { elementAt } from "../../sim/core/element.js";
import { type Feeds, type RunTensors, Session, tensor } from "../graph/session.js";
import type { Head } from "../kernel/head.js";
import { addSums, gradientSquares, outerSquares } from "../kernel/sums.js";
import type { TrainingReport } from "../learner.js";
import { ADAM_SCALARS } from "../model/adam.js";
import { generatedCount } from "../model/hypernetwork.js";
import { ParameterGroup } from "../model/parameters.js";
import type { NamedArray, SavedArrays } from "../model/saved-arrays.js";
import { createBase, learnsBase } from "./base.js";
import { begun } from "./begun.js";
import type { KernelChoice } from "./engine.js";
import { lookAheadGraph, taskGraph, taskStepLength, updateGraph } from "./fused-regularized-graphs.js";
import { FusedTheta } from "./fused-theta.js";
import { type FusedStep, FusedTrainer } from "./fused-trainer.js";
import { createExchange, type RegularizedExchange } from "./regularized-exchange.js";
import {
  type EarlierTasks,
  REGULARIZED_LOSSES,
  type RegularizedCall,
  type RegularizedTrainer,
  type RegularizedTrainerOptions,
} from "./regularized-trainer.js";

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
  readonly base: ParameterGroup | undefined;
  readonly #options: RegularizedTrainerOptions;
  readonly #embedding: ParameterGroup;
  readonly #trainer: FusedTrainer;
  #prepared: Prepared | undefined;

  constructor(options: RegularizedTrainerOptions, kernel: KernelChoice) {
    const { shape, members, batchSize, stepSizes, embeddingStepSizes, baseStepSizes = stepSizes } = options;
    this.#options = options;
    this.theta = new FusedTheta(shape, kernel);
    this.#embedding = new ParameterGroup([
      { name: "embedding", shape: [members, shape.embedding], bound: 0 },
    ]);
    this.base = createBase(shape, members);
    this.#trainer = new FusedTrainer(
      {
        dynamics: shape.target,
        batchSize: members * batchSize,
        stepSizes: [stepSizes, embeddingStepSizes, baseStepSizes],
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
    this.base?.clearMoments();
  }

  async prepare(earlier: EarlierTasks): Promise<void> {
    const { shape, members, clipNorm } = this.#options;
    const { targets } = earlier;
    const rows = earlier.regularized * members;
    this.theta.reshape({ earlier: targets.length * members, embeddings: members, regularized: rows });
    const { head, layers } = this.theta;
    const Q = generatedCount(shape);
    targets.forEach((target, j) => {
      for (let m = 0; m < members; m++) {
        const row = j * members + m;
        head.arrays.targets.set(target.subarray(m * Q, (m + 1) * Q), row * head.padded);
      }
    });
    await this.#releaseSessions();
    const { base: group } = this;
    const base = group && { group, learns: learnsBase(earlier) };
    this.#prepared = {
      earlier,
      exchange: createExchange(head, shape.embedding, taskStepLength(layers, members)),
      losses: await Session.create(taskGraph(this.#options, taskWidth(head), base)),
      lookAhead: rows === 0 ? undefined : await Session.create(lookAheadGraph(layers, members, rows)),
      update: await Session.create(updateGraph(layers, this.#embedding, clipNorm, rows)),
    };
    this.#trainer.steps = 0;
  }

  train(call: RegularizedCall): Promise<TrainingReport> {
    const prepared = begun(this.#prepared);
    return this.#trainer.train(call, {
      ...prepared,
      others: this.base !== undefined && learnsBase(prepared.earlier) ? [this.base] : [],
      embeddings: this.#embedding,
      count: this.#options.members,
      createStep: (minibatches, schedules) => this.#createStep(prepared, call, minibatches, schedules),
    });
  }

  embedding(): Float32Array {
    return this.#embedding.values(0).slice();
  }

  entries(): NamedArray[] {
    return [...this.theta.entries().flat(), ...this.#embedding.entries(), ...(this.base?.entries() ?? [])];
  }

  restore(saved: SavedArrays): void {
    this.theta.restore(saved);
    this.#embedding.restore(saved, "");
    this.base?.restore(saved, "");
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
    const baseSchedule = elementAt(schedules, 2, "schedules");
    const { head, hidden } = this.theta;
    const { ports, rows } = head;
    const { embeddings: G, regularized } = head.shape;
    const x = prepared.exchange;
    const R = prepared.earlier.regularized;
    const width = taskWidth(head);
    const iteration = tensor(x.iteration, []);
    const common: Feeds = {
      iteration,
      "adam.theta": tensor(thetaSchedule, [thetaSchedule.length / ADAM_SCALARS, ADAM_SCALARS]),
      ...(R > 0 && { earlier: tensor(x.earlier, [regularized, x.earlier.length / regularized]) }),
      ...hidden.group.feeds(true),
    };
    const dh = tensor(x.dh, [G, rows]);
    const taskStep = { taskStep: tensor(x.taskStep, [1, x.taskStep.length]) };
    const ahead: RunTensors = [
      { ...common, dh, ...this.#embedding.feeds(false) },
      { ...taskStep, ahead: tensor(ports.ahead, [regularized, rows]) },
    ];
    const baseLearns = learnsBase(prepared.earlier);
    return {
      losses: [
        {
          ...minibatches,
          iteration,
          generated: tensor(ports.generated.subarray(0, G * width), [G, width]),
          ...this.base?.feeds(baseLearns),
          ...(this.base &&
            baseLearns && {
              "adam.base": tensor(baseSchedule, [baseSchedule.length / ADAM_SCALARS, ADAM_SCALARS]),
            }),
        },
        {
          ...(baseLearns && this.base?.results()),
          taskLoss: tensor(x.taskLoss, []),
          d: tensor(ports.d.subarray(0, G * width), [G, width]),
          products: tensor(x.taskProducts, [G, G]),
        },
      ],
      addedLoss: (i) => this.#regularize(prepared, picks.subarray(i * R, (i + 1) * R), ahead),
      update: [
        {
          ...common,
          ...this.#embedding.feeds(true),
          ...(R === 0 ? { dh } : { ...taskStep, dhAhead: tensor(x.dhAhead, [regularized, rows]) }),
          squares: tensor(x.squares, []),
          "adam.embedding": tensor(embeddingSchedule, [
            embeddingSchedule.length / ADAM_SCALARS,
            ADAM_SCALARS,
          ]),
        },
        {
          ...hidden.group.results(),
          ...this.#embedding.results(),
          scaled: tensor(ports.scaled, [rows, G + regularized]),
          h: tensor(ports.h, [G, rows]),
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
    const { shape, members, beta, batchSize } = this.#options;
    const { head } = this.theta;
    if (lookAhead === undefined) {
      exchange.squares[0] = outerSquares(head.arrays.h, exchange.taskProducts);
      return 0;
    }
    tasks.forEach((task, j) => {
      exchange.earlier.set(earlier.embeddings[task]!, j * members * shape.embedding);
      for (let m = 0; m < members; m++) exchange.targetRows[j * members + m] = task * members + m;
    });
    head.setPicks(exchange.targetRows, (2 * beta * batchSize) / tasks.length);
    await lookAhead.run(...ahead);
    head.receive("ahead");
    await this.theta.pass("lookAhead");
    addSums(head, exchange.dhAhead, head.shape.regularized);
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

/** Numbers that the task's graph reads and writes for each member: with several, rows as they lie in the head. */
function taskWidth({ padded, shape: { columns, embeddings } }: Head): number {
  return embeddings === 1 ? columns : padded;
}

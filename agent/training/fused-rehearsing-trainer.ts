import { elementAt } from "../../sim/core/element.js";
import { alignedArrays, type Feeds, Session, tensor } from "../graph/session.js";
import type { TrainingReport } from "../learner.js";
import { ADAM_SCALARS } from "../model/adam.js";
import { MOMENT_SUFFIXES, ParameterGroup } from "../model/parameters.js";
import { type NamedArray, type SavedArrays, savedArray } from "../model/saved-arrays.js";
import { begun } from "./begun.js";
import type { KernelChoice } from "./engine.js";
import { lossesGraph, updateGraph } from "./fused-rehearsing-graphs.js";
import { FusedTheta } from "./fused-theta.js";
import { type Exchange, type FusedStep, FusedTrainer } from "./fused-trainer.js";
import type { TrainingCall } from "./minibatches.js";
import {
  embeddingName,
  type MinibatchTasks,
  REHEARSING_LOSSES,
  type RehearsingTrainer,
  type RehearsingTrainerOptions,
} from "./rehearsing-trainer.js";

interface RehearsingExchange extends Exchange {
  /** Products of the gradients for the generated weights `[T, T]`. */
  readonly gram: Float32Array;
  /** Loss of the earlier tasks `[1]`. */
  readonly added: Float32Array;
}

/** What minibatches of T tasks need. */
interface Prepared {
  readonly exchange: RehearsingExchange;
  readonly losses: Session;
  readonly update: Session;
}

/** Rehearsing minibatches with the fused kernel: one graph gives the losses of all tasks. */
export class FusedRehearsingTrainer implements RehearsingTrainer {
  readonly theta: FusedTheta;
  readonly #options: RehearsingTrainerOptions;
  readonly #trainer: FusedTrainer;
  /** Embeddings of all tasks `[T, E]`. */
  #embeddings = new ParameterGroup([]);
  #tasks = 0;
  #prepared: Prepared | undefined;

  constructor(options: RehearsingTrainerOptions, kernel: KernelChoice) {
    const { shape, batchSize, stepSizes } = options;
    this.#options = options;
    this.theta = new FusedTheta(shape, kernel);
    this.#trainer = new FusedTrainer(
      { dynamics: shape.target, batchSize, stepSizes: [stepSizes], lossNames: REHEARSING_LOSSES },
      this.theta,
    );
  }

  get steps(): number {
    return this.#trainer.steps;
  }

  set steps(steps: number) {
    this.#trainer.steps = steps;
  }

  async prepare(tasks: MinibatchTasks): Promise<void> {
    const { begun: T } = tasks;
    const { shape, clipNorm } = this.#options;
    const before = this.#embeddings;
    this.#embeddings = new ParameterGroup([{ name: "embeddings", shape: [T, shape.embedding], bound: 0 }]);
    if (this.#tasks > 0) this.#embeddings.values(0).set(before.values(0));
    this.#tasks = T;
    this.theta.reshape({ earlier: 0, embeddings: T, regularized: 0 });
    this.theta.clearMoments();
    const { head, layers } = this.theta;
    const [dh, gram, taskLoss, added] = alignedArrays([T * head.rows, T ** 2, 1, 1]);
    await this.#releaseSessions();
    this.#prepared = {
      exchange: { dh, gram, taskLoss, added, iteration: new BigInt64Array(1) },
      losses: await Session.create(lossesGraph(this.#options, tasks, head.padded)),
      update: await Session.create(updateGraph(layers, this.#embeddings, clipNorm)),
    };
    this.#trainer.steps = 0;
  }

  embedding(index: number): Float32Array {
    return this.#rowOf(this.#embeddings.values(0), index);
  }

  train(call: TrainingCall, stored: Feeds): Promise<TrainingReport> {
    const prepared = begun(this.#prepared);
    return this.#trainer.train(call, {
      ...prepared,
      embeddings: this.#embeddings,
      count: this.#tasks,
      createStep: (minibatches, schedules) =>
        this.#createStep(
          prepared.exchange,
          { ...minibatches, ...stored },
          elementAt(schedules, 0, "schedules"),
        ),
    });
  }

  entries(): NamedArray[] {
    const theta = this.theta.entries();
    return this.#embeddings.entries().flatMap(({ data }, i) => [
      ...theta[i]!,
      ...Array.from({ length: this.#tasks }, (_, j) => ({
        name: embeddingName(j) + MOMENT_SUFFIXES[i],
        shape: [1, this.#options.shape.embedding],
        data: this.#rowOf(data, j).slice(),
      })),
    ]);
  }

  restore(saved: SavedArrays): void {
    this.theta.restore(saved);
    this.#embeddings.entries().forEach(({ data }, i) => {
      for (let j = 0; j < this.#tasks; j++) {
        const row = this.#rowOf(data, j);
        row.set(savedArray(saved, embeddingName(j) + MOMENT_SUFFIXES[i], row.length));
      }
    });
  }

  async release(): Promise<void> {
    await this.#releaseSessions();
    await this.theta.release();
  }

  #createStep(x: RehearsingExchange, minibatches: Feeds, schedule: Float32Array): FusedStep {
    const { head, hidden } = this.theta;
    const { ports, rows, padded } = head;
    const T = this.#tasks;
    const iteration = tensor(x.iteration, []);
    const gram = tensor(x.gram, [T, T]);
    return {
      losses: [
        { ...minibatches, iteration, generated: tensor(ports.generated, [T, padded]) },
        {
          d: tensor(ports.d, [T, padded]),
          gram,
          taskLoss: tensor(x.taskLoss, []),
          added: tensor(x.added, []),
        },
      ],
      addedLoss: () => x.added[0]!,
      update: [
        {
          iteration,
          gram,
          dh: tensor(x.dh, [T, rows]),
          "adam.theta": tensor(schedule, [schedule.length / ADAM_SCALARS, ADAM_SCALARS]),
          ...hidden.group.feeds(true),
          ...this.#embeddings.feeds(true),
        },
        {
          ...hidden.group.results(),
          ...this.#embeddings.results(),
          scaled: tensor(ports.scaled, [rows, T]),
          h: tensor(ports.h, [T, rows]),
        },
      ],
    };
  }

  #rowOf(all: Float32Array, index: number): Float32Array {
    const { embedding } = this.#options.shape;
    return all.subarray(index * embedding, (index + 1) * embedding);
  }

  async #releaseSessions(): Promise<void> {
    await this.#prepared?.losses.release();
    await this.#prepared?.update.release();
  }
}

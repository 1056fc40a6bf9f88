import type { Rng } from "../../sim/core/rng.js";
import {
  alignedArray,
  alignedArrays,
  type Feeds,
  type RunTensors,
  Session,
  tensor,
} from "../graph/session.js";
import { addSums } from "../kernel/sums.js";
import type { TrainingReport } from "../learner.js";
import { fillAdamScalars, fillKernelConstants } from "../model/adam.js";
import {
  forBothSets,
  MOMENT_SUFFIXES,
  ParameterGroup,
  type SavedArrays,
  savedArray,
} from "../model/parameters.js";
import { lossesGraph, rehearsedUpdateGraph } from "./fused-rehearsing-graphs.js";
import { FusedTheta } from "./fused-theta.js";
import { checkLosses, LossArray, MinibatchFeeder, mean } from "./minibatches.js";
import type { TrainingCall } from "./network-trainer.js";
import {
  embeddingName,
  RATE_SETTING,
  type RehearsingTrainer,
  type RehearsingTrainerOptions,
} from "./rehearsing-trainer.js";

/** The tensors of a minibatch's two graphs. */
interface StepTensors {
  readonly losses: RunTensors;
  readonly update: RunTensors;
}

/** Small arrays that graphs and kernel exchange in a minibatch of T tasks. */
interface Exchange {
  /** Gradients for the hidden outputs `[T, rows]`. */
  readonly dh: Float32Array;
  /** Products of the gradients for the generated weights `[T, T]`. */
  readonly gram: Float32Array;
  readonly taskLoss: Float32Array;
  readonly added: Float32Array;
  readonly iteration: BigInt64Array;
}

/**
 * Rehearsing minibatches with the fused kernel for the head, as `FusedTrainer` makes those of HyperCRL: the losses of
 * all tasks and the hidden layers are two small ONNX graphs that read and write the kernel's memory.
 */
export class FusedRehearsingTrainer implements RehearsingTrainer {
  readonly #options: RehearsingTrainerOptions;
  readonly #theta: FusedTheta;
  readonly #feeder: MinibatchFeeder;
  readonly #losses = [new LossArray(), new LossArray()];
  /** Embeddings of all tasks `[T, E]`. */
  #embeddings = new ParameterGroup([]);
  #tasks = 0;
  #exchange: Exchange | undefined;
  #sessions: Readonly<Record<keyof StepTensors, Session>> | undefined;
  steps = 0;

  /** @param threads that share the head's passes */
  constructor(options: RehearsingTrainerOptions, threads: number) {
    this.#options = options;
    this.#theta = new FusedTheta(options.shape, threads);
    this.#feeder = new MinibatchFeeder(options.dynamics, options.batchSize);
  }

  initialize(rng: Rng): void {
    this.#theta.initialize(rng);
  }

  scaleColumns(scales: Float32Array): void {
    this.#theta.scaleColumns(scales);
  }

  generate(e: Float32Array): Promise<Float32Array> {
    return this.#theta.generate(e);
  }

  async prepare(tasks: number): Promise<void> {
    const { shape, clipNorm } = this.#options;
    const before = this.#embeddings;
    this.#embeddings = new ParameterGroup([
      { name: "embeddings", shape: [tasks, shape.embedding], bound: 0 },
    ]);
    if (before.specs.length > 0) this.#embeddings.values(0).set(before.values(0));
    this.#tasks = tasks;
    this.#theta.reshape({ earlier: 0, embeddings: tasks, regularized: 0 });
    this.#theta.clearMoments();
    this.steps = 0;
    const [dh, gram, taskLoss, added] = alignedArrays([tasks * this.#theta.head.rows, tasks ** 2, 1, 1]);
    this.#exchange = { dh, gram, taskLoss, added, iteration: new BigInt64Array(1) };
    await this.#releaseSessions();
    this.#sessions = {
      losses: await Session.create(lossesGraph(this.#options, tasks, this.#theta.head.padded)),
      update: await Session.create(rehearsedUpdateGraph(this.#theta.layers, this.#embeddings, clipNorm)),
    };
  }

  embedding(index: number): Float32Array {
    return this.#rowOf(this.#embeddings.values(0), index);
  }

  async train(call: TrainingCall): Promise<TrainingReport> {
    const { data, normalizer, iterations, rng } = call;
    const { batchSize } = this.#options;
    const [taskLosses, added] = this.#losses.map((l) => l.take(iterations));
    const scalars = alignedArray(2 * iterations);
    fillAdamScalars(scalars, this.#options, this.steps + 1);
    const feeds = { ...this.#feeder.feeds(data, normalizer, iterations, rng), ...call.feeds };
    const groups = [this.#theta.hidden.group, this.#embeddings];
    const steps = forBothSets(groups, () => this.#stepTensors(feeds, scalars));
    await this.#theta.forward(this.#embeddings.values(0), this.#tasks);
    this.#theta.head.send("generated");
    for (let i = 0; i < iterations; i++) {
      await this.#step(scalars.subarray(2 * i, 2 * i + 2), i, steps[i % 2]);
      taskLosses[i] = this.#exchange!.taskLoss[0];
      added[i] = this.#exchange!.added[0];
      if (!Number.isFinite(taskLosses[i]) || !Number.isFinite(added[i])) break;
    }
    const losses = { "the task loss": taskLosses, "the loss that the method adds": added };
    checkLosses(losses, call.task, RATE_SETTING);
    this.steps += iterations;
    return { taskLoss: mean(taskLosses) / batchSize, regularizer: mean(added) / batchSize };
  }

  entries(): { name: string; shape: readonly number[]; data: Float32Array }[] {
    const [theta, embeddings] = [this.#theta.entries(), this.#embeddings.entries()];
    return MOMENT_SUFFIXES.flatMap((suffix, i) => [
      ...theta[i],
      ...Array.from({ length: this.#tasks }, (_, j) => ({
        name: embeddingName(j) + suffix,
        shape: [1, this.#options.shape.embedding],
        data: this.#rowOf(embeddings[i].data, j).slice(),
      })),
    ]);
  }

  restore(saved: SavedArrays): void {
    this.#theta.restore(saved);
    this.#embeddings.entries().forEach(({ data }, i) => {
      for (let j = 0; j < this.#tasks; j++) {
        const row = this.#rowOf(data, j);
        row.set(savedArray(saved, embeddingName(j) + MOMENT_SUFFIXES[i], row.length));
      }
    });
  }

  async release(): Promise<void> {
    await this.#releaseSessions();
    await this.#theta.release();
  }

  /** @param scalars Adam's, of this minibatch `[2]` */
  async #step([stepSize, epsilon]: Float32Array, i: number, step: StepTensors): Promise<void> {
    const theta = this.#theta;
    const { losses, update } = this.#sessions!;
    const { dh, iteration, taskLoss, added } = this.#exchange!;
    iteration[0] = BigInt(i);
    fillKernelConstants(theta.head.arrays.adam, stepSize, epsilon);
    await losses.run(...step.losses);
    // A loss that is not finite changes nothing.
    if (!Number.isFinite(taskLoss[0]) || !Number.isFinite(added[0])) return;
    theta.head.receive("d");
    await theta.pass("backward");
    addSums(theta.head, dh, this.#tasks);
    await update.run(...step.update);
    theta.head.receive("h", "scaled");
    await theta.pass("update");
    theta.head.send("generated");
    theta.hidden.group.swap();
    this.#embeddings.swap();
  }

  #stepTensors(feeds: Feeds, scalars: Float32Array): StepTensors {
    const { head, hidden } = this.#theta;
    const { ports, rows, padded } = head;
    const x = this.#exchange!;
    const T = this.#tasks;
    const iteration = tensor(x.iteration, []);
    const gram = tensor(x.gram, [T, T]);
    return {
      losses: [
        { ...feeds, iteration, weights: tensor(ports.generated, [T, padded]) },
        {
          d: tensor(ports.d, [T, padded]),
          gram,
          taskLoss: tensor(x.taskLoss, []),
          added: tensor(x.added, []),
        },
      ],
      update: [
        {
          iteration,
          gram,
          dh: tensor(x.dh, [T, rows]),
          "adam.theta": tensor(scalars, [scalars.length / 2, 2]),
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
    await this.#sessions?.losses.release();
    await this.#sessions?.update.release();
  }
}

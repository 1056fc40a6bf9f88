import type { Rng } from "../../sim/core/rng.js";
import {
  adamMoments,
  adamScalars,
  adamStep,
  clipScale,
  fillAdamScalars,
  fillKernelConstants,
} from "../adam.js";
import { weightCount } from "../dynamics.js";
import { gradients } from "../graph/gradients.js";
import { Graph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArray, alignedArrays, type Feeds, Session, tensor } from "../graph/session.js";
import { addSums } from "../kernel/sums.js";
import { ParameterGroup, type SavedArrays, savedArray } from "../parameters.js";
import { type HiddenLayers, hiddenOf, hiddenSize, withOne } from "./fused-graphs.js";
import { FusedTheta } from "./fused-theta.js";
import {
  checkLosses,
  LossArray,
  MinibatchFeeder,
  mean,
  minibatchInputs,
  normalizedMinibatch,
} from "./minibatches.js";
import type { TrainingCall } from "./network-trainer.js";
import {
  embeddingName,
  RATE_SETTING,
  type RehearsingTrainer,
  type RehearsingTrainerOptions,
  rehearsalLosses,
  rehearsedInputs,
  total,
} from "./rehearsing-trainer.js";
import type { TrainingReport } from "./types.js";

/** Suffixes of values and Adam's moments. */
const SUFFIXES = ["", ".m", ".v"] as const;

type Run = readonly [feeds: Feeds, results: Feeds];

/** The tensors of a minibatch's two graphs. */
interface StepTensors {
  readonly losses: Run;
  readonly update: Run;
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
      losses: await Session.create(lossesGraph(this.#options, tasks)),
      update: await Session.create(updateGraph(this.#theta.layers, this.#embeddings, clipNorm)),
    };
  }

  embedding(index: number): Float32Array {
    return this.#rowOf(this.#embeddings.values(0), index);
  }

  async train(call: TrainingCall): Promise<TrainingReport> {
    const { data, normalizer, iterations, rng } = call;
    const { batchSize, learningRate } = this.#options;
    const [taskLosses, added] = this.#losses.map((l) => l.take(iterations));
    const scalars = alignedArray(2 * iterations);
    fillAdamScalars(scalars, learningRate, this.steps + 1);
    const feeds = { ...this.#feeder.feeds(data, normalizer, iterations, rng), ...call.feeds };
    const steps = this.#stepTensors(feeds, scalars);
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
    return SUFFIXES.flatMap((suffix, i) => [
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
        row.set(savedArray(saved, embeddingName(j) + SUFFIXES[i], row.length));
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

  /** Two sets of tensors, for minibatches in turn: parameters are read from one array and written to the other. */
  #stepTensors(feeds: Feeds, scalars: Float32Array): readonly [StepTensors, StepTensors] {
    const swap = () => {
      this.#theta.hidden.group.swap();
      this.#embeddings.swap();
    };
    const first = this.#oneStep(feeds, scalars);
    swap();
    const second = this.#oneStep(feeds, scalars);
    swap();
    return [first, second];
  }

  #oneStep(feeds: Feeds, scalars: Float32Array): StepTensors {
    const { head, hidden } = this.#theta;
    const { ports, rows, padded, shape } = head;
    const x = this.#exchange!;
    const T = this.#tasks;
    const iteration = tensor(x.iteration, []);
    const gram = tensor(x.gram, [T, T]);
    const generated = (name: string, port: Float32Array) =>
      Array.from({ length: T }, (_, j): [string, Feeds[string]] => [
        `${name}.${j}`,
        tensor(port.subarray(j * padded, j * padded + shape.columns), [1, shape.columns]),
      ]);
    return {
      losses: [
        { ...feeds, iteration, ...Object.fromEntries(generated("weights", ports.generated)) },
        {
          ...Object.fromEntries(generated("d", ports.d)),
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

/** The losses of one minibatch of `tasks` tasks and their gradients for the generated weights, each `[1, P]`. */
function lossesGraph(options: RehearsingTrainerOptions, tasks: number): Graph {
  const g = new Graph();
  const data = minibatchInputs(g, options.dynamics, options.batchSize);
  const stored = rehearsedInputs(g, options, tasks - 1);
  const iteration = g.input("iteration", [], "int64");
  const P = weightCount(options.dynamics);
  const weights = Array.from({ length: tasks }, (_, j) => g.input(`weights.${j}`, [1, P]));
  const own = { ...normalizedMinibatch(data, iteration), iteration };
  const losses = rehearsalLosses(options, weights, own, stored);
  const d = gradients(total(losses), weights);
  const all = ops.concat(d, 0);
  g.output("taskLoss", losses[tasks - 1]);
  g.output("added", ops.add(tasks === 1 ? g.constant(0) : total(losses.slice(0, -1)), 0));
  d.forEach((gradient, j) => {
    g.output(`d.${j}`, gradient);
  });
  g.output("gram", ops.gemm(all, all, undefined, { transposeB: true }));
  return g;
}

/**
 * The step of hidden layers and embeddings, and what the head's update needs. Input beside the parameters: `dh`, the
 * gradients for the hidden outputs, and `gram`, the products of the gradients for the generated weights: the head's
 * gradient is Σ_j h_j ⊗ d_j, and its square Σ_{s,t} (h_s · h_t)(d_s · d_t).
 */
function updateGraph(layers: HiddenLayers, embeddings: ParameterGroup, clipNorm: number): Graph {
  const g = new Graph();
  const [value, m, v] = layers.hidden.group.declare(g, true);
  const [e, eM, eV] = embeddings.declare(g, true);
  const [T, size] = [e.shape[0] as number, hiddenSize(layers.shape)];
  const scalars = adamScalars(g.input("adam.theta", ["trips", 2]), g.input("iteration", [], "int64"));
  const dh = ops.slice(g.input("dh", [T, size + 1]), 0, size);
  const h = hiddenOf(layers, value, e);
  const [gradient, eGradient] = gradients(ops.reduceSum(ops.mul(h, dh)), [value, e]);
  const outputs = withOne(h);
  const products = ops.gemm(outputs, outputs, undefined, { transposeB: true });
  const squares = ops.reduceSum(ops.mul(products, g.input("gram", [T, T])));
  const scale = clipScale([gradient, eGradient], clipNorm, [squares]);
  const moments = adamMoments(ops.mul(gradient, scale), { m, v });
  const eMoments = adamMoments(ops.mul(eGradient, scale), { m: eM, v: eV });
  const [next, eNext] = [adamStep(value, moments, scalars), adamStep(e, eMoments, scalars)];
  const names = [...layers.hidden.group.entries(), ...embeddings.entries()].map(({ name }) => `next.${name}`);
  [next, moments.m, moments.v, eNext, eMoments.m, eMoments.v].forEach((t, i) => {
    g.output(names[i], t);
  });
  g.output("scaled", ops.transpose(ops.mul(outputs, scale), [1, 0]));
  g.output("h", withOne(hiddenOf(layers, next, eNext)));
  return g;
}

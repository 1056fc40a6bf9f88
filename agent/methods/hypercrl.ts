import { Tensor as OrtTensor } from "onnxruntime-node";
import type { Rng } from "../../sim/core/rng.js";
import { adamMoments, adamScalars, adamStep, clipScale, fillAdamScalars } from "../adam.js";
import { layersFromFlat, weightCount } from "../dynamics.js";
import { gradients } from "../graph/gradients.js";
import { Graph } from "../graph/graph.js";
import { loop } from "../graph/loop.js";
import * as ops from "../graph/operations.js";
import { alignedArray, type Feeds, Session, tensor } from "../graph/session.js";
import {
  type HypernetworkShape,
  hyperfanScales,
  hypernetwork,
  hypernetworkParameters,
} from "../hypernetwork.js";
import type { NormalizerArrays } from "../normalizer.js";
import { ParameterGroup, savedArray } from "../parameters.js";
import type { ReplayBuffer } from "../replay-buffer.js";
import {
  checkLosses,
  LossArray,
  MinibatchFeeder,
  mean,
  minibatchInputs,
  taskLoss,
  tripCount,
} from "./minibatches.js";
import { flattenStates, groupStates } from "./states.js";
import type { Learner, LearnerOptions, LearnerState, SavedArray, TrainingReport } from "./types.js";

export interface HyperCrlOptions extends LearnerOptions {
  readonly hypernetwork: Omit<HypernetworkShape, "target">;
  readonly learningRate: number;
  readonly embeddingLearningRate: number;
  /** β, weight of the regulariser. */
  readonly beta: number;
  /** Earlier tasks in the regulariser at each minibatch: all, or this many drawn uniformly. */
  readonly regularizedTasks: "all" | number;
}

/**
 * HyperCRL (Huang et al. 2021, arXiv 2009.11997): a hypernetwork generates the dynamics weights of each task from
 * its embedding; while a new task is learned, what it generates for earlier tasks is held to frozen targets
 * `W*_j`. No data of earlier tasks is kept: Θ, one embedding and one target per task are all.
 */
export class HyperCrlLearner implements Learner {
  readonly #options: HyperCrlOptions;
  readonly #shape: HypernetworkShape;
  readonly #theta: ParameterGroup;
  readonly #embedding: ParameterGroup;
  readonly #feeder: MinibatchFeeder;
  readonly #losses = [new LossArray(), new LossArray()];
  readonly #rng: Rng;
  readonly #embeddings: Float32Array[] = [];
  #targets: Float32Array[] = [];
  #task = -1;
  #steps = 0;
  #trainer: Session | undefined;
  #generator: Session | undefined;

  constructor(options: HyperCrlOptions) {
    this.#options = options;
    this.#shape = { ...options.hypernetwork, target: options.dynamics };
    this.#theta = new ParameterGroup(hypernetworkParameters(this.#shape));
    this.#embedding = new ParameterGroup([
      { name: "embedding", shape: [1, this.#shape.embedding], bound: 0 },
    ]);
    this.#feeder = new MinibatchFeeder(options.dynamics, options.batchSize);
    this.#rng = options.rng;
  }

  async beginTask(index: number): Promise<void> {
    const random = this.#rng.split(`task${index}`);
    const e = Float32Array.from({ length: this.#shape.embedding }, () => random.normal());
    if (index === 0) await this.#initialize(e);
    else this.#targets = await Promise.all(this.#embeddings.map((_, j) => this.weights(j)));
    this.#task = index;
    this.#steps = 0;
    this.#theta.clearMoments();
    this.#embedding.values(0).set(e);
    this.#embedding.clearMoments();
    this.#embeddings.push(this.#embedding.values(0).slice());
    await this.#compile();
  }

  async train(
    data: ReplayBuffer,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const { batchSize } = this.#options;
    const [taskLosses, regularizers] = this.#losses.map((l) => l.take(iterations));
    await this.#trainer!.run(
      {
        ...this.#feeder.feeds(data, normalizer, iterations, rng),
        ...this.#stepFeeds(iterations, rng),
        ...this.#theta.feeds(true),
        ...this.#embedding.feeds(true),
      },
      {
        ...this.#theta.results(),
        ...this.#embedding.results(),
        "losses.task": tensor(taskLosses, [iterations]),
        "losses.regularizer": tensor(regularizers, [iterations]),
      },
    );
    const losses = { "the task loss": taskLosses, "the regulariser": regularizers };
    checkLosses(losses, this.#task, "hypernetwork.learningRate");
    this.#theta.swap();
    this.#embedding.swap();
    this.#steps += iterations;
    this.#embeddings[this.#task] = this.#embedding.values(0).slice();
    return { taskLoss: mean(taskLosses) / batchSize, regularizer: mean(regularizers) / batchSize };
  }

  async weights(index: number): Promise<Float32Array> {
    return this.#generate(this.#embeddings[index]);
  }

  state(): LearnerState {
    const arrays: Record<string, SavedArray> = {};
    for (const { name, shape, data } of this.#theta.entries())
      arrays[`hypernetwork.${name}`] = { shape, data };
    for (const { name, shape, data } of this.#embedding.entries()) arrays[name] = { shape, data };
    this.#embeddings.forEach((data, j) => {
      arrays[`embeddings.${j}`] = { shape: [data.length], data };
    });
    this.#targets.forEach((data, j) => {
      arrays[`targets.${j}`] = { shape: [data.length], data };
    });
    return { arrays, numbers: { task: this.#task, steps: this.#steps, targets: this.#targets.length } };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    this.#theta.restore(arrays, "hypernetwork.");
    this.#embedding.restore(arrays, "");
    this.#task = numbers.task;
    this.#steps = numbers.steps;
    const read = (name: string, size: number) => savedArray(arrays, name, size).slice();
    const [E, P] = [this.#shape.embedding, weightCount(this.#shape.target)];
    this.#embeddings.length = 0;
    for (let j = 0; j <= this.#task; j++) this.#embeddings.push(read(`embeddings.${j}`, E));
    this.#targets = Array.from({ length: numbers.targets }, (_, j) => read(`targets.${j}`, P));
    if (this.#task >= 0) await this.#compile();
  }

  async release(): Promise<void> {
    await this.#trainer?.release();
    await this.#generator?.release();
  }

  async #initialize(e: Float32Array): Promise<void> {
    this.#theta.initialize(this.#rng.split("initial-weights"));
    if (this.#shape.init !== "hyperfan") return;
    const scales = new Float32Array(weightCount(this.#shape.target));
    hyperfanScales(this.#shape.target, await this.#generate(e), scales);
    let column = 0;
    this.#theta.specs.forEach(({ name, shape: [rows, columns] }, i) => {
      if (!name.startsWith("head.") || !name.endsWith(".weight")) return;
      const values = this.#theta.values(i);
      for (let k = 0; k < rows * columns; k++) values[k] *= scales[column + (k % columns)];
      column += columns;
    });
  }

  async #generate(e: Float32Array): Promise<Float32Array> {
    if (this.#generator === undefined) {
      const g = new Graph();
      const input = g.input("e", [1, this.#shape.embedding]);
      g.output("weights", hypernetwork(this.#shape, this.#theta.declare(g, false), input));
      this.#generator = await Session.create(g);
    }
    const P = weightCount(this.#shape.target);
    const input = alignedArray(e.length);
    input.set(e);
    const weights = alignedArray(P);
    await this.#generator.run(
      { e: tensor(input, [1, e.length]), ...this.#theta.feeds(false) },
      { weights: tensor(weights, [1, P]) },
    );
    return weights;
  }

  get #regularized(): number {
    const { regularizedTasks } = this.#options;
    return regularizedTasks === "all" ? this.#task : Math.min(regularizedTasks, this.#task);
  }

  #stepFeeds(iterations: number, rng: Rng): Feeds {
    const { learningRate, embeddingLearningRate, regularizedTasks } = this.#options;
    const scalars = [learningRate, embeddingLearningRate].map((rate) => {
      const out = alignedArray(2 * iterations);
      fillAdamScalars(out, rate, this.#steps + 1);
      return tensor(out, [iterations, 2]);
    });
    const feeds: Record<string, OrtTensor> = { "adam.theta": scalars[0], "adam.embedding": scalars[1] };
    if (this.#task === 0) return feeds;
    const [E, P, R] = [this.#shape.embedding, weightCount(this.#shape.target), this.#regularized];
    const stack = (rows: readonly Float32Array[], width: number) => {
      const out = alignedArray(rows.length * width);
      rows.forEach((row, j) => {
        out.set(row, j * width);
      });
      return tensor(out, [rows.length, width]);
    };
    const picks = new Int32Array(iterations * R);
    for (let i = 0; i < picks.length; i++) {
      picks[i] = regularizedTasks === "all" ? i % R : rng.integer(this.#task);
    }
    feeds["earlier.embeddings"] = stack(this.#embeddings.slice(0, this.#task), E);
    feeds["earlier.targets"] = stack(this.#targets, P);
    feeds["earlier.picks"] = new OrtTensor("int32", picks, [iterations, R]);
    return feeds;
  }

  async #compile(): Promise<void> {
    await this.#trainer?.release();
    const graph = trainingGraph(this.#options, this.#shape, this.#theta, this.#embedding, {
      earlier: this.#task,
      regularized: this.#regularized,
    });
    this.#trainer = await Session.create(graph);
  }
}

/**
 * One call = many minibatches (an ONNX `Loop`). Each: gradient of the task loss for Θ and e_t; the Adam step that
 * it alone would take gives Θ + ΔΘ (a constant); the regulariser's gradient is taken there; the sum, clipped, makes
 * the real step. e_t learns from the task loss only. (Paper, equations 4 to 6.)
 */
function trainingGraph(
  options: HyperCrlOptions,
  shape: HypernetworkShape,
  theta: ParameterGroup,
  embedding: ParameterGroup,
  { earlier, regularized }: { earlier: number; regularized: number },
): Graph {
  const { batchSize, beta, clipNorm, dynamics } = options;
  const P = weightCount(dynamics);
  const g = new Graph();
  const data = minibatchInputs(g, dynamics, batchSize);
  const thetaScalars = g.input("adam.theta", ["trips", 2]);
  const embeddingScalars = g.input("adam.embedding", ["trips", 2]);
  const past =
    earlier === 0
      ? undefined
      : {
          embeddings: g.input("earlier.embeddings", [earlier, shape.embedding]),
          targets: g.input("earlier.targets", [earlier, P]),
          picks: g.input("earlier.picks", ["trips", regularized], "int32"),
        };
  const initial = [...theta.declare(g, true), ...embedding.declare(g, true)];
  const thetaStates = 3 * theta.specs.length;

  const result = loop(g, tripCount(g, data), initial, (body, iteration, states) => {
    const { values, moments } = groupStates(states.slice(0, thetaStates));
    const e = groupStates(states.slice(thetaStates));
    const layers = layersFromFlat(hypernetwork(shape, values, e.values[0]), dynamics);
    const loss = taskLoss(data, iteration, layers, dynamics);
    const taskGradients = gradients(loss, [...values, e.values[0]]);
    const scalars = adamScalars(thetaScalars, iteration);
    let total = taskGradients.slice(0, values.length);
    let penalty = body.constant(0);
    if (past !== undefined) {
      const ahead = values.map((w, i) => adamStep(w, adamMoments(total[i], moments[i]), scalars));
      const picks = ops.gather(past.picks, iteration);
      const generated = hypernetwork(shape, ahead, ops.gather(past.embeddings, picks));
      const drift = ops.sub(generated, ops.gather(past.targets, picks));
      penalty = ops.mul(ops.sumOfSquares(drift), (beta * batchSize) / regularized);
      total = gradients(penalty, ahead, total);
    }
    const scale = clipScale(total, clipNorm);
    const nextMoments = total.map((gradient, i) => adamMoments(ops.mul(gradient, scale), moments[i]));
    const nextValues = values.map((w, i) => adamStep(w, nextMoments[i], scalars));
    const eGradient = taskGradients[values.length];
    const eClipped = ops.mul(eGradient, clipScale([eGradient], clipNorm));
    const eMoments = adamMoments(eClipped, e.moments[0]);
    const eNext = adamStep(e.values[0], eMoments, adamScalars(embeddingScalars, iteration));
    return {
      next: [...flattenStates(nextValues, nextMoments), ...flattenStates([eNext], [eMoments])],
      collect: [loss, ops.add(penalty, 0)],
    };
  });

  const names = [...theta.entries(), ...embedding.entries()].map(({ name }) => `next.${name}`);
  result.states.forEach((t, i) => {
    g.output(names[i], t);
  });
  g.output("losses.task", result.collected[0]);
  g.output("losses.regularizer", result.collected[1]);
  return g;
}

import type { Rng } from "../../sim/core/rng.js";
import { adamMoments, adamScalars, adamStep, clipScale, fillAdamScalars } from "../adam.js";
import type { Layer, MlpShape } from "../dynamics.js";
import { gradients } from "../graph/gradients.js";
import { Graph } from "../graph/graph.js";
import { loop } from "../graph/loop.js";
import * as ops from "../graph/operations.js";
import { alignedArray, Session, tensor } from "../graph/session.js";
import type { NormalizerArrays } from "../normalizer.js";
import { ParameterGroup, type ParameterSpec, savedArray, xavierBound } from "../parameters.js";
import type { TrainingData } from "../replay-buffer.js";
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

export interface MlpOptions extends LearnerOptions {
  readonly learningRate: number;
  /**
   * `single`: every task gets a network of its own, trained from scratch (the reference of every comparison).
   * `finetune`: one body goes on from task to task, each task has its own output layer.
   */
  readonly sharing: "single" | "finetune";
}

/** Plain networks: the reference without sharing, and the baseline that does nothing against forgetting. */
export class MlpLearner implements Learner {
  readonly #options: MlpOptions;
  readonly #network: ParameterGroup;
  readonly #feeder: MinibatchFeeder;
  readonly #losses = new LossArray();
  readonly #rng: Rng;
  /** What is kept of each task that has ended or runs: its head, and with `single` its whole network. */
  readonly #kept: Float32Array[] = [];
  #session: Session | undefined;
  #task = -1;
  #steps = 0;

  constructor(options: MlpOptions) {
    this.#options = options;
    this.#network = new ParameterGroup(networkParameters(options.dynamics));
    this.#feeder = new MinibatchFeeder(options.dynamics, options.batchSize);
    this.#rng = options.rng;
  }

  async beginTask(index: number): Promise<void> {
    const rng = this.#rng.split(`task${index}`);
    const body = this.#network.specs.slice(0, -2).map((_, i) => this.#network.values(i).slice());
    this.#network.initialize(rng);
    if (this.#options.sharing === "finetune" && index > 0) {
      body.forEach((values, i) => {
        this.#network.values(i).set(values);
      });
    }
    this.#task = index;
    this.#steps = 0;
    this.#kept.push(this.#own());
    this.#session ??= await Session.create(trainingGraph(this.#options, this.#network));
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    const losses = this.#losses.take(iterations);
    const scalars = alignedArray(2 * iterations);
    fillAdamScalars(scalars, this.#options.learningRate, this.#steps + 1);
    await this.#session!.run(
      {
        ...this.#feeder.feeds(data, normalizer, iterations, rng),
        "adam.network": tensor(scalars, [iterations, 2]),
        ...this.#network.feeds(true),
      },
      { ...this.#network.results(), "losses.task": tensor(losses, [iterations]) },
    );
    checkLosses({ "the task loss": losses }, this.#task, "mlp.learningRate");
    this.#network.swap();
    this.#steps += iterations;
    this.#kept[this.#task] = this.#own();
    return { taskLoss: mean(losses) / this.#options.batchSize, regularizer: 0 };
  }

  async weights(index: number): Promise<Float32Array> {
    const kept = this.#kept[index];
    if (this.#options.sharing === "single") return kept.slice();
    const body = this.#flat().subarray(0, -kept.length);
    const out = new Float32Array(body.length + kept.length);
    out.set(body);
    out.set(kept, body.length);
    return out;
  }

  state(): LearnerState {
    const arrays: Record<string, SavedArray> = {};
    for (const { name, shape, data } of this.#network.entries()) arrays[`network.${name}`] = { shape, data };
    this.#kept.forEach((data, j) => {
      arrays[`tasks.${j}`] = { shape: [data.length], data };
    });
    return { arrays, numbers: { task: this.#task, steps: this.#steps } };
  }

  async restore({ arrays, numbers }: LearnerState): Promise<void> {
    this.#network.restore(arrays, "network.");
    this.#task = numbers.task;
    this.#steps = numbers.steps;
    this.#kept.length = 0;
    const { length } = this.#own();
    for (let j = 0; j <= this.#task; j++) this.#kept.push(savedArray(arrays, `tasks.${j}`, length).slice());
    this.#session ??= await Session.create(trainingGraph(this.#options, this.#network));
  }

  async release(): Promise<void> {
    await this.#session?.release();
  }

  /** All weights of the current network, `[P]`. */
  #flat(): Float32Array {
    const parts = this.#network.specs.map((_, i) => this.#network.values(i));
    const out = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  /** The part of the current network that belongs to the current task alone. */
  #own(): Float32Array {
    const flat = this.#flat();
    if (this.#options.sharing === "single") return flat;
    const [weight, bias] = this.#network.specs.slice(-2).map((s) => s.shape[0] * s.shape[1]);
    return flat.slice(flat.length - weight - bias);
  }
}

function networkParameters({ sizes }: MlpShape): ParameterSpec[] {
  return sizes
    .slice(1)
    .flatMap((out, i) => [
      { name: `layer.${i}.weight`, shape: [sizes[i], out], bound: xavierBound(sizes[i], out) } as const,
      { name: `layer.${i}.bias`, shape: [1, out], bound: 0 } as const,
    ]);
}

function trainingGraph({ dynamics, batchSize, clipNorm }: MlpOptions, network: ParameterGroup): Graph {
  const g = new Graph();
  const data = minibatchInputs(g, dynamics, batchSize);
  const allScalars = g.input("adam.network", ["trips", 2]);
  const initial = network.declare(g, true);
  const result = loop(g, tripCount(g, data), initial, (_body, iteration, states) => {
    const { values, moments } = groupStates(states);
    const layers: Layer[] = [];
    for (let i = 0; i < values.length; i += 2) layers.push({ weight: values[i], bias: values[i + 1] });
    const loss = taskLoss(data, iteration, layers, dynamics);
    const raw = gradients(loss, values);
    const scale = clipScale(raw, clipNorm);
    const scalars = adamScalars(allScalars, iteration);
    const nextMoments = raw.map((gradient, i) => adamMoments(ops.mul(gradient, scale), moments[i]));
    const next = values.map((w, i) => adamStep(w, nextMoments[i], scalars));
    return { next: flattenStates(next, nextMoments), collect: [loss] };
  });
  const names = network.entries().map(({ name }) => `next.${name}`);
  result.states.forEach((t, i) => {
    g.output(names[i], t);
  });
  g.output("losses.task", result.collected[0]);
  return g;
}

import type { Rng } from "../../sim/core/rng.js";
import { gradients } from "../graph/gradients.js";
import type { Graph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import type { TrainingReport } from "../learner.js";
import { hypernetwork, hypernetworkParameters } from "../model/hypernetwork.js";
import type { ParameterSpec, SavedArrays } from "../model/parameters.js";
import { type Method, NetworkTrainer, type TrainingCall } from "./network-trainer.js";
import {
  embeddingName,
  RATE_SETTING,
  type RehearsingTrainer,
  type RehearsingTrainerOptions,
  rehearsalLosses,
  rehearsedInputs,
} from "./rehearsing-trainer.js";
import { scaleHead, WeightGenerator } from "./theta.js";

/** Rehearsing minibatches as one ONNX graph: the reference that runs wherever the runtime does. */
export class GraphRehearsingTrainer implements RehearsingTrainer {
  readonly #options: RehearsingTrainerOptions;
  readonly #theta: readonly ParameterSpec[];
  readonly #network: NetworkTrainer;
  #generator: WeightGenerator | undefined;

  constructor(options: RehearsingTrainerOptions) {
    this.#options = options;
    this.#theta = hypernetworkParameters(options.shape).map((s) => ({
      ...s,
      name: `hypernetwork.${s.name}`,
    }));
    this.#network = new NetworkTrainer({ ...options, rateSetting: RATE_SETTING });
  }

  get steps(): number {
    return this.#network.steps;
  }

  set steps(steps: number) {
    this.#network.steps = steps;
  }

  initialize(rng: Rng): void {
    this.#network.group.initialize(rng);
  }

  scaleColumns(scales: Float32Array): void {
    scaleHead(this.#network.group, scales);
  }

  generate(e: Float32Array): Promise<Float32Array> {
    return this.#generator!.generate(e);
  }

  async prepare(tasks: number): Promise<void> {
    const { shape } = this.#options;
    const embeddings = Array.from(
      { length: tasks },
      (_, j): ParameterSpec => ({ name: embeddingName(j), shape: [1, shape.embedding], bound: 0 }),
    );
    const before = this.#network.group;
    await this.#network.build([...this.#theta, ...embeddings], (g) => this.#method(g, tasks - 1));
    const { group } = this.#network;
    before.specs.forEach((_, i) => {
      group.values(i).set(before.values(i));
    });
    await this.#generator?.release();
    this.#generator = new WeightGenerator(shape, group);
  }

  embedding(index: number): Float32Array {
    return this.#network.group.values(this.#theta.length + index);
  }

  train(call: TrainingCall): Promise<TrainingReport> {
    return this.#network.train(call);
  }

  entries(): { name: string; shape: readonly number[]; data: Float32Array }[] {
    return this.#network.group.entries();
  }

  restore(saved: SavedArrays): void {
    this.#network.group.restore(saved, "");
  }

  async release(): Promise<void> {
    await this.#network.release();
    await this.#generator?.release();
  }

  /** @param earlier tasks that are rehearsed */
  #method(g: Graph, earlier: number): Method {
    const stored = rehearsedInputs(g, this.#options, earlier);
    return {
      step: (own, parameters) => {
        const theta = parameters.slice(0, this.#theta.length);
        // One pass through the hypernetwork for all tasks.
        const embeddings = ops.concat(parameters.slice(theta.length), 0);
        const generated = hypernetwork(this.#options.shape, theta, embeddings);
        const { taskLoss, added, total } = rehearsalLosses(this.#options, generated, own, stored);
        return { taskLoss, added, gradients: gradients(total, parameters) };
      },
    };
  }
}

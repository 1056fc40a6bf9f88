import type { Rng } from "../../sim/core/rng.js";
import { gradients } from "../graph/gradients.js";
import type { Graph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import type { Feeds } from "../graph/session.js";
import type { TrainingReport } from "../learner.js";
import { hypernetwork, hypernetworkParameters } from "../model/hypernetwork.js";
import { ParameterGroup, type ParameterSpec } from "../model/parameters.js";
import type { NamedArray, SavedArrays } from "../model/saved-arrays.js";
import { begun } from "./begun.js";
import type { TrainingCall } from "./minibatches.js";
import { NetworkTrainer } from "./network-trainer.js";
import {
  embeddingName,
  REHEARSING_LOSSES,
  type RehearsingTrainer,
  type RehearsingTrainerOptions,
  rehearsalLosses,
  rehearsedInputs,
} from "./rehearsing-trainer.js";
import { scaleHead, THETA_PREFIX, WeightGenerator } from "./theta.js";
import type { Objective } from "./training-graph.js";

/** Rehearsing minibatches as one ONNX graph: the reference that runs wherever the runtime does. */
export class GraphRehearsingTrainer implements RehearsingTrainer {
  readonly #options: RehearsingTrainerOptions;
  readonly #theta: readonly ParameterSpec[];
  readonly #network: NetworkTrainer;
  /** Θ, then the embeddings of all tasks. */
  #parameters = new ParameterGroup([]);
  #generator: WeightGenerator | undefined;

  constructor(options: RehearsingTrainerOptions) {
    const { shape } = options;
    this.#options = options;
    this.#theta = hypernetworkParameters(shape).map((spec) => ({ ...spec, name: THETA_PREFIX + spec.name }));
    this.#network = new NetworkTrainer({
      ...options,
      dynamics: shape.target,
      lossNames: REHEARSING_LOSSES,
    });
  }

  get steps(): number {
    return this.#network.steps;
  }

  set steps(steps: number) {
    this.#network.steps = steps;
  }

  initialize(rng: Rng): void {
    this.#parameters.initialize(rng);
  }

  scaleColumns(scales: Float32Array): void {
    scaleHead(this.#parameters, scales);
  }

  generate(e: Float32Array): Promise<Float32Array> {
    return begun(this.#generator).generate(e);
  }

  async prepare(tasks: number): Promise<void> {
    const { shape, stepSizes } = this.#options;
    const embeddings = Array.from(
      { length: tasks },
      (_, j): ParameterSpec => ({ name: embeddingName(j), shape: [1, shape.embedding], bound: 0 }),
    );
    const parameters = new ParameterGroup([...this.#theta, ...embeddings]);
    parameters.copyValues(this.#parameters);
    this.#parameters = parameters;
    const groups = [{ name: "network", parameters, stepSizes }] as const;
    await this.#network.build(groups, (g) => this.#objective(g, tasks - 1));
    await this.#generator?.release();
    this.#generator = new WeightGenerator(shape, parameters);
  }

  embedding(index: number): Float32Array {
    return this.#parameters.values(this.#theta.length + index);
  }

  train(call: TrainingCall, stored: Feeds): Promise<TrainingReport> {
    return this.#network.train(call, { feeds: stored });
  }

  entries(): NamedArray[] {
    return this.#parameters.entries();
  }

  restore(saved: SavedArrays): void {
    this.#parameters.restore(saved, "");
  }

  async release(): Promise<void> {
    await this.#network.release();
    await this.#generator?.release();
  }

  /** @param earlier tasks that are rehearsed */
  #objective(g: Graph, earlier: number): Objective {
    const stored = rehearsedInputs(g, this.#options, earlier);
    return {
      step: (current, [{ values }]) => {
        const theta = values.slice(0, this.#theta.length);
        // One pass through the hypernetwork for all tasks.
        const embeddings = ops.concat(values.slice(theta.length), 0);
        const generated = hypernetwork(this.#options.shape, theta, embeddings);
        const { taskLoss, added, total } = rehearsalLosses(this.#options, generated, current, stored);
        return { taskLoss, added, gradients: [gradients(total, values)] };
      },
    };
  }
}

import { gradients } from "../graph/gradients.js";
import type { Graph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import type { Feeds } from "../graph/session.js";
import type { TrainingReport } from "../learner.js";
import { hypernetwork, hypernetworkParameters } from "../model/hypernetwork.js";
import { ParameterGroup, type ParameterSpec } from "../model/parameters.js";
import type { NamedArray, SavedArrays } from "../model/saved-arrays.js";
import type { TrainingCall } from "./minibatches.js";
import { NetworkTrainer } from "./network-trainer.js";
import {
  embeddingName,
  type MinibatchTasks,
  REHEARSING_LOSSES,
  type RehearsingTrainer,
  type RehearsingTrainerOptions,
  rehearsalLosses,
  rehearsedInputs,
} from "./rehearsing-trainer.js";
import { GraphTheta, THETA_PREFIX } from "./theta.js";
import type { Objective } from "./training-graph.js";

/** Rehearsing minibatches as one ONNX graph: the reference that runs wherever the runtime does. */
export class GraphRehearsingTrainer implements RehearsingTrainer {
  readonly #options: RehearsingTrainerOptions;
  readonly #specs: readonly ParameterSpec[];
  readonly #network: NetworkTrainer;
  /** Θ, then the embeddings of all tasks; nothing before the first. */
  #theta: GraphTheta;

  constructor(options: RehearsingTrainerOptions) {
    const { shape } = options;
    this.#options = options;
    this.#specs = hypernetworkParameters(shape).map((spec) => ({ ...spec, name: THETA_PREFIX + spec.name }));
    this.#theta = new GraphTheta(shape, new ParameterGroup([]));
    this.#network = new NetworkTrainer({
      ...options,
      dynamics: shape.target,
      lossNames: REHEARSING_LOSSES,
    });
  }

  get theta(): GraphTheta {
    return this.#theta;
  }

  get steps(): number {
    return this.#network.steps;
  }

  set steps(steps: number) {
    this.#network.steps = steps;
  }

  async prepare(tasks: MinibatchTasks): Promise<void> {
    const { shape, stepSizes } = this.#options;
    const embeddings = Array.from(
      { length: tasks.begun },
      (_, j): ParameterSpec => ({ name: embeddingName(j), shape: [1, shape.embedding], bound: 0 }),
    );
    const before = this.#theta;
    const parameters = new ParameterGroup([...this.#specs, ...embeddings]);
    parameters.copyValues(before.group);
    this.#theta = new GraphTheta(shape, parameters);
    await before.release();
    const groups = [{ name: "network", parameters, stepSizes }] as const;
    await this.#network.build(groups, (g) => this.#objective(g, tasks));
  }

  embedding(index: number): Float32Array {
    return this.#theta.group.values(this.#specs.length + index);
  }

  train(call: TrainingCall, stored: Feeds): Promise<TrainingReport> {
    return this.#network.train(call, { feeds: stored });
  }

  entries(): NamedArray[] {
    return this.#theta.group.entries();
  }

  restore(saved: SavedArrays): void {
    this.#theta.group.restore(saved, "");
  }

  async release(): Promise<void> {
    await this.#network.release();
    await this.#theta.release();
  }

  #objective(g: Graph, tasks: MinibatchTasks): Objective {
    const stored = rehearsedInputs(g, this.#options, tasks);
    return {
      step: (current, [{ values }]) => {
        const theta = values.slice(0, this.#specs.length);
        // One pass through the hypernetwork for all tasks.
        const embeddings = ops.concat(values.slice(theta.length), 0);
        const generated = hypernetwork(this.#options.shape, theta, embeddings);
        const { taskLoss, added, total } = rehearsalLosses(this.#options, tasks, generated, current, stored);
        return { taskLoss, added, gradients: [gradients(total, values)] };
      },
    };
  }
}

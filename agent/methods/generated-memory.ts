import type { Rng } from "../../sim/core/rng.js";
import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import type { Feeds } from "../graph/session.js";
import { type MlpShape, meanLayers, mlp, networkFromParts } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import { ParameterGroup } from "../model/parameters.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { type SavedArray, type SavedArrays, savedArray } from "../model/saved-arrays.js";
import { type GeneratorOptions, InputGenerator } from "../training/input-generator.js";
import { bodyFeatures, bodyParts, networkParameters } from "../training/network-parts.js";
import { headedParameters, type RehearsalMemory, type Rehearsed } from "./rehearsal-memory.js";

/**
 * Transitions that are generated: inputs by a generator of all ended tasks, and what follows from them by the dynamics network as it was
 * when the last of these tasks ended. No transition is stored.
 */
export class GeneratedMemory implements RehearsalMemory {
  readonly #dynamics: MlpShape;
  readonly #generator: InputGenerator;
  /** The dynamics network when the last task ended: the body, then the heads of all ended tasks. */
  #former = new ParameterGroup([]);

  constructor(options: GeneratorOptions) {
    this.#dynamics = options.dynamics;
    this.#generator = new InputGenerator(options);
  }

  get tasks(): number {
    return this.#generator.tasks;
  }

  get rows(): readonly number[] {
    return this.#generator.rows;
  }

  declare(g: Graph): (iteration: Tensor) => Rehearsed {
    const generate = this.#generator.declare(g);
    const former = this.#former.declare(g, false);
    return (iteration) => {
      const x = generate(iteration);
      return { x, y: this.#predict(former, x) };
    };
  }

  feeds(iterations: number, rng: Rng): Feeds {
    return { ...this.#generator.feeds(iterations, rng), ...this.#former.feeds(false) };
  }

  async keep(
    task: number,
    data: TrainingData,
    normalizer: NormalizerArrays,
    network: ParameterGroup,
    rng: Rng,
  ): Promise<void> {
    await this.#generator.learn(task, data, normalizer, rng);
    this.#former = this.#group(this.tasks);
    this.#former.specs.forEach((_, i) => {
      this.#former.values(i).set(network.values(i));
    });
  }

  arrays(): Readonly<Record<string, SavedArray>> {
    const former = this.#former.specs.map(({ name, shape }, i) => [
      name,
      { shape, data: this.#former.values(i) },
    ]);
    return { ...this.#generator.arrays(), ...Object.fromEntries(former) };
  }

  restore(arrays: SavedArrays, tasks: number): void {
    this.#generator.restore(arrays, tasks);
    this.#former = this.#group(tasks);
    this.#former.specs.forEach(({ name }, i) => {
      const values = this.#former.values(i);
      values.set(savedArray(arrays, name, values.length));
    });
  }

  #group(tasks: number): ParameterGroup {
    const names = { body: "former", heads: "formerHeads" };
    return new ParameterGroup(tasks === 0 ? [] : headedParameters(this.#dynamics, tasks, names));
  }

  /** What the former network predicts for inputs `[R, I]`, task after task: `[R, X]`, with two heads the mean alone. */
  #predict(former: readonly Tensor[], x: Tensor): Tensor {
    const dynamics = this.#dynamics;
    const shared = bodyParts(dynamics);
    const size = networkParameters(dynamics).length - shared;
    const features = bodyFeatures(former.slice(0, shared), dynamics.activation, x);
    const parts = ops.split(features, this.rows, 0);
    const predicted = parts.map((own, j) => {
      const head = former.slice(shared + j * size, shared + (j + 1) * size);
      return mlp(meanLayers(networkFromParts(head), dynamics), dynamics.activation, own);
    });
    return ops.concat(predicted, 0);
  }
}

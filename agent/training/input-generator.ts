import type { Rng } from "../../sim/core/rng.js";
import { gradients } from "../graph/gradients.js";
import { Graph, type Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArray, type Feeds, Session, tensor } from "../graph/session.js";
import type { StepSizes } from "../model/adam.js";
import { inputSize, type MlpShape } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import { ParameterGroup } from "../model/parameters.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { type SavedArray, type SavedArrays, savedArray } from "../model/saved-arrays.js";
import {
  Autoencoder,
  type AutoencoderShape,
  autoencoderLoss,
  autoencoderParameters,
} from "../model/variational-autoencoder.js";
import { drawRows } from "./minibatches.js";
import { NetworkTrainer } from "./network-trainer.js";
import type { Objective } from "./training-graph.js";

/** Minibatches in one call of the runtime. */
const SESSION = 100;

export interface GeneratorOptions {
  /** The dynamics network, whose inputs are generated. */
  readonly dynamics: MlpShape;
  readonly autoencoder: AutoencoderShape;
  readonly batchSize: number;
  /** Largest global gradient norm. */
  readonly clipNorm: number;
  readonly stepSizes: StepSizes;
  /** β, which is also the variance of an input around what is decoded, in normalised units squared. */
  readonly klWeight: number;
  /** Share of a minibatch that is generated, where there are earlier tasks; with 0 the generator holds nothing of them. */
  readonly share: number;
  /** Minibatches when a task ends. */
  readonly iterations: number;
}

/**
 * A variational autoencoder of the inputs of all ended tasks, labelled by task. When a task ends it learns that task's inputs from their
 * buffer, and those of all others from what it generated itself before (generative replay, Shin et al. 2017, arXiv 1705.08690).
 */
export class InputGenerator {
  readonly #options: GeneratorOptions;
  #parameters = new ParameterGroup([]);
  #tasks = 0;

  constructor(options: GeneratorOptions) {
    this.#options = options;
  }

  /** Tasks whose inputs it generates: 0 … tasks - 1. */
  get tasks(): number {
    return this.#tasks;
  }

  /** Generated inputs of each task in a minibatch, `[tasks]`: as equally many as can be, and at least one unless the share is 0. */
  get rows(): readonly number[] {
    const { batchSize, share } = this.#options;
    const all = Math.max(share > 0 ? this.#tasks : 0, Math.round((batchSize * share) / (1 - share)));
    return Array.from(
      { length: this.#tasks },
      (_, j) => Math.floor(all / this.#tasks) + (j < all % this.#tasks ? 1 : 0),
    );
  }

  /** Declares the generator as it is and its noise, and returns what generates the inputs `[R, I]` of a minibatch, task after task. */
  declare(g: Graph): (iteration: Tensor) => Tensor {
    const { dynamics, autoencoder, klWeight } = this.#options;
    const { rows } = this;
    const frozen = new Autoencoder(autoencoder, this.#frozen().declare(g, false));
    const count = sumOf(rows);
    const I = inputSize(dynamics);
    const noise = g.input("generated.noise", ["iterations", count, autoencoder.latent + I]);
    return (iteration) => {
      const [z, spread] = ops.split(ops.gather(noise, iteration), [autoencoder.latent, I]);
      return ops.add(frozen.decode(z, rows), ops.mul(spread, Math.sqrt(klWeight)));
    };
  }

  /** What `declare` needs for some minibatches; nothing before a task has ended. */
  feeds(iterations: number, rng: Rng): Feeds {
    if (this.#tasks === 0) return {};
    const { dynamics, autoencoder } = this.#options;
    const width = autoencoder.latent + inputSize(dynamics);
    return {
      ...this.#frozen().feeds(false),
      "generated.noise": normal([iterations, sumOf(this.rows), width], rng),
    };
  }

  /**
   * Learns the inputs of a task that ends; what it generates of all others, and of the task itself where it ended before, is held by
   * what it generated until now.
   * @throws RunError when a loss is not finite; the generator is then as it was
   */
  async learn(task: number, data: TrainingData, normalizer: NormalizerArrays, rng: Rng): Promise<void> {
    const { batchSize, clipNorm, dynamics, stepSizes, iterations } = this.#options;
    const learned = this.#extended(Math.max(this.#tasks, task + 1), rng.split("start"));
    const lossNames = { added: "the loss on generated inputs", rateSetting: "mlp.learningRate" };
    const trainer = new NetworkTrainer({ dynamics, batchSize, clipNorm, lossNames });
    try {
      const groups = [
        { name: "generator", parameters: learned, stepSizes: { learningRate: stepSizes.learningRate } },
      ] as const;
      await trainer.build(groups, (g) => this.#objective(g, task));
      for (let done = 0; done < iterations; done += SESSION) {
        const session = Math.min(SESSION, iterations - done);
        const stream = rng.split(`session${done}`);
        const rows = drawRows(data, session * batchSize, stream.split("rows"));
        const feeds = {
          ...this.feeds(session, stream.split("generated")),
          ...this.#noiseFeed(session, stream.split("latent")),
        };
        await trainer.train({ data, normalizer, iterations: session, rows, task }, { feeds });
      }
    } finally {
      await trainer.release();
    }
    learned.clearMoments();
    this.#parameters = learned;
    this.#tasks = Math.max(this.#tasks, task + 1);
  }

  /** Inputs of a task as the generator draws them, `[count, I]`, in normalised units. */
  async generate(task: number, count: number, rng: Rng): Promise<Float32Array> {
    const { dynamics, autoencoder, klWeight } = this.#options;
    const [Z, I] = [autoencoder.latent, inputSize(dynamics)];
    const g = new Graph();
    const network = new Autoencoder(autoencoder, this.#frozen().declare(g, false));
    const rows = Array.from({ length: this.#tasks }, (_, j) => (j === task ? count : 0));
    const [z, spread] = [g.input("z", [count, Z]), g.input("spread", [count, I])];
    g.output("x", ops.add(network.decode(z, rows), ops.mul(spread, Math.sqrt(klWeight))));
    const session = await Session.create(g);
    const x = alignedArray(count * I);
    try {
      const feeds = {
        ...this.#frozen().feeds(false),
        z: normal([count, Z], rng.split("latent")),
        spread: normal([count, I], rng.split("spread")),
      };
      await session.run(feeds, { x: tensor(x, [count, I]) });
    } finally {
      await session.release();
    }
    return x;
  }

  /** Arrays for a checkpoint: its parameters; those of a task's label belong to the task. */
  arrays(): Readonly<Record<string, SavedArray>> {
    const { specs } = this.#parameters;
    return Object.fromEntries(
      specs.map(({ name, shape }, i) => [name, { shape, data: this.#parameters.values(i) }]),
    );
  }

  /** Continues from saved arrays of so many ended tasks. @throws InputError when one is missing or of another size */
  restore(arrays: SavedArrays, tasks: number): void {
    this.#tasks = tasks;
    this.#parameters = this.#group(tasks);
    this.#parameters.specs.forEach(({ name }, i) => {
      const values = this.#parameters.values(i);
      values.set(savedArray(arrays, name, values.length));
    });
  }

  #group(tasks: number): ParameterGroup {
    return new ParameterGroup(tasks === 0 ? [] : autoencoderParameters(this.#options.autoencoder, tasks));
  }

  /** Parameters of so many tasks that go on from those that there are. */
  #extended(tasks: number, rng: Rng): ParameterGroup {
    const group = this.#group(tasks);
    group.initialize(rng);
    group.copyValues(this.#parameters);
    return group;
  }

  /** The parameters under names of their own, so that they may stand beside those that are learned. */
  #frozen(): ParameterGroup {
    const { specs } = this.#parameters;
    const group = new ParameterGroup(specs.map((spec) => ({ ...spec, name: `frozen.${spec.name}` })));
    group.copyValues(this.#parameters);
    return group;
  }

  /** @param task that ends */
  #objective(g: Graph, task: number): Objective {
    const { autoencoder, batchSize, klWeight } = this.#options;
    const { rows } = this;
    const old = sumOf(rows);
    const own = Array.from({ length: task + 1 }, (_, j) => (j === task ? batchSize : 0));
    const noise = g.input("latent.noise", ["iterations", batchSize + old, autoencoder.latent]);
    const generated = old === 0 ? undefined : this.declare(g);
    return {
      step: ({ x, iteration }, [{ values }]) => {
        const network = new Autoencoder(autoencoder, values);
        const both = ops.gather(noise, iteration);
        if (generated === undefined) {
          const taskLoss = autoencoderLoss(network, x, own, both, klWeight);
          return { taskLoss, gradients: [gradients(taskLoss, values)] };
        }
        const [fresh, earlier] = ops.split(both, [batchSize, old], 0);
        const taskLoss = autoencoderLoss(network, x, own, fresh, klWeight);
        const added = autoencoderLoss(network, generated(iteration), rows, earlier, klWeight);
        return { taskLoss, added, gradients: [gradients(ops.add(taskLoss, added), values)] };
      },
    };
  }

  #noiseFeed(iterations: number, rng: Rng): Feeds {
    const { autoencoder, batchSize } = this.#options;
    return { "latent.noise": normal([iterations, batchSize + sumOf(this.rows), autoencoder.latent], rng) };
  }
}

function normal(shape: readonly [number, ...number[]], rng: Rng) {
  const data = alignedArray(shape.reduce((n, size) => n * size, 1));
  rng.fillNormal(data);
  return tensor(data, shape);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

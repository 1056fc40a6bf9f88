import { Tensor as OrtTensor } from "hypercrl-onnxruntime";
import { gradients } from "../graph/gradients.js";
import type { Graph, Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArray, type Feeds, tensor } from "../graph/session.js";
import type { TrainingReport } from "../learner.js";
import { adamLookAhead } from "../model/adam.js";
import { generatedCount, hypernetwork, hypernetworkParameters } from "../model/hypernetwork.js";
import { ParameterGroup } from "../model/parameters.js";
import type { NamedArray, SavedArrays } from "../model/saved-arrays.js";
import { createBase, learnsBase } from "./base.js";
import { NetworkTrainer } from "./network-trainer.js";
import {
  type EarlierTasks,
  membersLoss,
  REGULARIZED_LOSSES,
  type RegularizedCall,
  type RegularizedTrainer,
  type RegularizedTrainerOptions,
} from "./regularized-trainer.js";
import { GraphTheta, THETA_PREFIX } from "./theta.js";
import type { GroupTensors, Objective, TrainedGroup } from "./training-graph.js";

/** HyperCRL's minibatches as one ONNX graph: the reference that runs wherever the runtime does. */
export class GraphRegularizedTrainer implements RegularizedTrainer {
  readonly theta: GraphTheta;
  readonly base: ParameterGroup | undefined;
  readonly #options: RegularizedTrainerOptions;
  readonly #embedding: ParameterGroup;
  readonly #network: NetworkTrainer;
  /** What the objective takes beside the minibatch: earlier tasks, and a base that learns no more. */
  #constants: Feeds = {};

  constructor(options: RegularizedTrainerOptions) {
    const { shape, members, batchSize } = options;
    this.#options = options;
    this.theta = new GraphTheta(shape, new ParameterGroup(hypernetworkParameters(shape)));
    this.#embedding = new ParameterGroup([
      { name: "embedding", shape: [members, shape.embedding], bound: 0 },
    ]);
    this.base = createBase(shape, members);
    this.#network = new NetworkTrainer({
      ...options,
      batchSize: members * batchSize,
      dynamics: shape.target,
      lossNames: REGULARIZED_LOSSES,
    });
  }

  get steps(): number {
    return this.#network.steps;
  }

  set steps(steps: number) {
    this.#network.steps = steps;
  }

  newTask(e: Float32Array): void {
    this.theta.group.clearMoments();
    this.#embedding.values(0).set(e);
    this.#embedding.clearMoments();
    this.base?.clearMoments();
  }

  async prepare(earlier: EarlierTasks): Promise<void> {
    const { embeddings, targets } = earlier;
    const { shape, members, stepSizes, embeddingStepSizes, baseStepSizes = stepSizes } = this.#options;
    const { base } = this;
    const learned = base !== undefined && learnsBase(earlier) ? [base] : [];
    const groups: readonly TrainedGroup[] = [
      { name: "theta", parameters: this.theta.group, stepSizes },
      { name: "embedding", parameters: this.#embedding, stepSizes: embeddingStepSizes },
      ...learned.map((parameters) => ({ name: "base", parameters, stepSizes: baseStepSizes })),
    ];
    await this.#network.build(groups, (g) => objective(g, this.#options, { earlier, base }));
    this.#constants = learnsBase(earlier)
      ? {}
      : {
          "earlier.embeddings": stack(embeddings, members * shape.embedding),
          "earlier.targets": stack(targets, members * generatedCount(shape)),
          ...base?.feeds(false),
        };
  }

  train(call: RegularizedCall): Promise<TrainingReport> {
    const { picks, iterations } = call;
    if (picks.length === 0) return this.#network.train(call);
    const picked = new OrtTensor("int32", picks, [iterations, picks.length / iterations]);
    return this.#network.train(call, { feeds: { ...this.#constants, "earlier.picks": picked } });
  }

  embedding(): Float32Array {
    return this.#embedding.values(0).slice();
  }

  entries(): NamedArray[] {
    const theta = this.theta.group.entries().map((entry) => ({ ...entry, name: THETA_PREFIX + entry.name }));
    return [...theta, ...this.#embedding.entries(), ...(this.base?.entries() ?? [])];
  }

  restore(saved: SavedArrays): void {
    this.theta.group.restore(saved, THETA_PREFIX);
    this.#embedding.restore(saved, "");
    this.base?.restore(saved, "");
  }

  async release(): Promise<void> {
    await this.#network.release();
    await this.theta.release();
  }
}

/** Rows of equal length as one tensor `[rows, width]`. */
function stack(rows: readonly Float32Array[], width: number): OrtTensor {
  const out = alignedArray(rows.length * width);
  rows.forEach((row, j) => {
    out.set(row, j * width);
  });
  return tensor(out, [rows.length, width]);
}

/** The step that `RegularizedTrainer` describes. */
function objective(
  g: Graph,
  options: RegularizedTrainerOptions,
  { earlier: { targets, regularized }, base }: { earlier: EarlierTasks; base: ParameterGroup | undefined },
): Objective<readonly TrainedGroup[]> {
  const { shape, batchSize, beta } = options;
  const earlier = targets.length === 0 ? undefined : declareEarlier(g, options, targets.length, regularized);
  const frozenBase = earlier && base?.declare(g, false)[0];
  return {
    step: (minibatch, groups) => {
      const [theta, embedding, learnedBase] = groups as [GroupTensors, GroupTensors, GroupTensors?];
      const e = embedding.values[0]!;
      const generated = hypernetwork(shape, theta.values, e);
      const network = { generated, base: learnedBase?.values[0] ?? frozenBase };
      const taskLoss = membersLoss(options, network, minibatch);
      const trained = [theta.values, embedding.values, learnedBase?.values ?? []];
      const all = gradients(taskLoss, trained.flat());
      const thetaGradients = all.slice(0, theta.values.length);
      const eGradients = all.slice(theta.values.length, theta.values.length + 1);
      if (earlier === undefined) {
        const others = learnedBase === undefined ? [] : [all.slice(-1)];
        return { taskLoss, gradients: [thetaGradients, eGradients, ...others] };
      }
      const ahead = theta.values.map((w, i) =>
        adamLookAhead(w, thetaGradients[i]!, theta.moments[i]!, theta.scalars),
      );
      const { embeddings, wanted } = earlier(minibatch.iteration);
      const drift = ops.sub(hypernetwork(shape, ahead, embeddings), wanted);
      const added = ops.mul(ops.sumOfSquares(drift), (beta * batchSize) / regularized);
      return { taskLoss, added, gradients: [gradients(added, ahead, thetaGradients), eGradients] };
    },
  };
}

/**
 * Declares frozen embeddings and targets of the earlier tasks, and which of them each minibatch takes.
 * @returns the embeddings `[R · G, E]` and targets `[R · G, Q]` of a minibatch
 */
function declareEarlier(
  g: Graph,
  { shape, members }: RegularizedTrainerOptions,
  tasks: number,
  regularized: number,
): (iteration: Tensor) => { readonly embeddings: Tensor; readonly wanted: Tensor } {
  const widths = { embeddings: shape.embedding, targets: generatedCount(shape) };
  const embeddings = g.input("earlier.embeddings", [tasks, members * widths.embeddings]);
  const targets = g.input("earlier.targets", [tasks, members * widths.targets]);
  const all = g.input("earlier.picks", ["iterations", regularized], "int32");
  return (iteration) => {
    const picks = ops.gather(all, iteration);
    const rowsOf = (t: Tensor, width: number) => {
      const picked = ops.gather(t, picks);
      return members === 1 ? picked : ops.reshape(picked, [regularized * members, width]);
    };
    return {
      embeddings: rowsOf(embeddings, widths.embeddings),
      wanted: rowsOf(targets, widths.targets),
    };
  };
}

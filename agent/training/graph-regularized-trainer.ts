import { Tensor as OrtTensor } from "hypercrl-onnxruntime";
import { gradients } from "../graph/gradients.js";
import type { Graph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArray, type Feeds, tensor } from "../graph/session.js";
import type { TrainingReport } from "../learner.js";
import { adamLookAhead } from "../model/adam.js";
import { networkFromFlat, weightCount } from "../model/dynamics.js";
import { type HypernetworkShape, hypernetwork, hypernetworkParameters } from "../model/hypernetwork.js";
import { ParameterGroup } from "../model/parameters.js";
import type { NamedArray, SavedArrays } from "../model/saved-arrays.js";
import { predictionLoss } from "./minibatches.js";
import { NetworkTrainer } from "./network-trainer.js";
import {
  type EarlierTasks,
  REGULARIZED_LOSSES,
  type RegularizedCall,
  type RegularizedTrainer,
  type RegularizedTrainerOptions,
} from "./regularized-trainer.js";
import { GraphTheta, THETA_PREFIX } from "./theta.js";
import type { Objective, TrainedGroup } from "./training-graph.js";

/** HyperCRL's minibatches as one ONNX graph: the reference that runs wherever the runtime does. */
export class GraphRegularizedTrainer implements RegularizedTrainer {
  readonly theta: GraphTheta;
  readonly #options: RegularizedTrainerOptions;
  readonly #embedding: ParameterGroup;
  readonly #network: NetworkTrainer;
  #earlier: Feeds = {};

  constructor(options: RegularizedTrainerOptions) {
    const { shape } = options;
    this.#options = options;
    this.theta = new GraphTheta(shape, new ParameterGroup(hypernetworkParameters(shape)));
    this.#embedding = new ParameterGroup([{ name: "embedding", shape: [1, shape.embedding], bound: 0 }]);
    this.#network = new NetworkTrainer({
      ...options,
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
  }

  async prepare(earlier: EarlierTasks): Promise<void> {
    const { embeddings, targets } = earlier;
    const { shape, stepSizes, embeddingStepSizes } = this.#options;
    const groups = [
      { name: "theta", parameters: this.theta.group, stepSizes },
      { name: "embedding", parameters: this.#embedding, stepSizes: embeddingStepSizes },
    ] as const;
    await this.#network.build(groups, (g) => objective(g, this.#options, earlier));
    this.#earlier =
      targets.length === 0
        ? {}
        : {
            "earlier.embeddings": stack(embeddings, shape.embedding),
            "earlier.targets": stack(targets, weightCount(shape.target)),
          };
  }

  train(call: RegularizedCall): Promise<TrainingReport> {
    const { picks, iterations } = call;
    if (picks.length === 0) return this.#network.train(call);
    const picked = new OrtTensor("int32", picks, [iterations, picks.length / iterations]);
    return this.#network.train(call, { feeds: { ...this.#earlier, "earlier.picks": picked } });
  }

  embedding(): Float32Array {
    return this.#embedding.values(0).slice();
  }

  entries(): NamedArray[] {
    const theta = this.theta.group.entries().map((entry) => ({ ...entry, name: THETA_PREFIX + entry.name }));
    return [...theta, ...this.#embedding.entries()];
  }

  restore(saved: SavedArrays): void {
    this.theta.group.restore(saved, THETA_PREFIX);
    this.#embedding.restore(saved, "");
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
  { shape, batchSize, beta }: RegularizedTrainerOptions,
  { targets, regularized }: EarlierTasks,
): Objective<readonly [theta: TrainedGroup, embedding: TrainedGroup]> {
  const dynamics = shape.target;
  const earlier = targets.length === 0 ? undefined : declareEarlier(g, shape, targets.length, regularized);
  return {
    step: ({ x, y, iteration }, [theta, embedding]) => {
      const e = embedding.values[0]!;
      const network = networkFromFlat(hypernetwork(shape, theta.values, e), dynamics);
      const taskLoss = predictionLoss(network, dynamics, x, y);
      const taskGradients = gradients(taskLoss, [...theta.values, e]);
      const thetaGradients = taskGradients.slice(0, -1);
      const eGradients = taskGradients.slice(-1);
      if (earlier === undefined) return { taskLoss, gradients: [thetaGradients, eGradients] };
      const ahead = theta.values.map((w, i) =>
        adamLookAhead(w, thetaGradients[i]!, theta.moments[i]!, theta.scalars),
      );
      const picks = ops.gather(earlier.picks, iteration);
      const generated = hypernetwork(shape, ahead, ops.gather(earlier.embeddings, picks));
      const drift = ops.sub(generated, ops.gather(earlier.targets, picks));
      const added = ops.mul(ops.sumOfSquares(drift), (beta * batchSize) / regularized);
      return { taskLoss, added, gradients: [gradients(added, ahead, thetaGradients), eGradients] };
    },
  };
}

/** Frozen embeddings and targets of the earlier tasks, and which of them each minibatch takes. */
function declareEarlier(g: Graph, shape: HypernetworkShape, tasks: number, regularized: number) {
  return {
    embeddings: g.input("earlier.embeddings", [tasks, shape.embedding]),
    targets: g.input("earlier.targets", [tasks, weightCount(shape.target)]),
    picks: g.input("earlier.picks", ["iterations", regularized], "int32"),
  };
}

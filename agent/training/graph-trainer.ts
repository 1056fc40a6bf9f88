import { Tensor as OrtTensor } from "onnxruntime-node";
import type { Rng } from "../../sim/core/rng.js";
import { gradients } from "../graph/gradients.js";
import { Graph } from "../graph/graph.js";
import { loop } from "../graph/loop.js";
import * as ops from "../graph/operations.js";
import { alignedArray, type Feeds, Session, tensor } from "../graph/session.js";
import { adamMoments, adamScalars, adamStep, clipScale } from "../model/adam.js";
import { networkFromFlat, weightCount } from "../model/dynamics.js";
import { hypernetwork, hypernetworkParameters } from "../model/hypernetwork.js";
import { ParameterGroup, type SavedArrays } from "../model/parameters.js";
import type {
  EarlierTasks,
  HypernetworkTrainer,
  TrainerOptions,
  TrainingCall,
} from "./hypernetwork-trainer.js";
import { minibatchInputs, taskLoss, tripCount } from "./minibatches.js";
import { flattenStates, groupStates } from "./states.js";
import { scaleHead, WeightGenerator } from "./theta.js";

const THETA = "hypernetwork.";

/** Every minibatch step as one ONNX graph: the reference that runs wherever the runtime does. */
export class GraphTrainer implements HypernetworkTrainer {
  readonly #options: TrainerOptions;
  readonly #theta: ParameterGroup;
  readonly #embedding: ParameterGroup;
  #earlier: Feeds = {};
  #trainer: Session | undefined;
  readonly #generator: WeightGenerator;

  constructor(options: TrainerOptions) {
    this.#options = options;
    this.#theta = new ParameterGroup(hypernetworkParameters(options.shape));
    this.#generator = new WeightGenerator(options.shape, this.#theta);
    this.#embedding = new ParameterGroup([
      { name: "embedding", shape: [1, options.shape.embedding], bound: 0 },
    ]);
  }

  initialize(rng: Rng): void {
    this.#theta.initialize(rng);
  }

  scaleColumns(scales: Float32Array): void {
    scaleHead(this.#theta, scales);
  }

  generate(e: Float32Array): Promise<Float32Array> {
    return this.#generator.generate(e);
  }

  newTask(e: Float32Array): void {
    this.#theta.clearMoments();
    this.#embedding.values(0).set(e);
    this.#embedding.clearMoments();
  }

  async prepare({ embeddings, targets, regularized }: EarlierTasks): Promise<void> {
    const { shape } = this.#options;
    await this.#trainer?.release();
    const sizes = { earlier: targets.length, regularized };
    this.#trainer = await Session.create(trainingGraph(this.#options, this.#theta, this.#embedding, sizes));
    this.#earlier =
      targets.length === 0
        ? {}
        : {
            "earlier.embeddings": stack(embeddings, shape.embedding),
            "earlier.targets": stack(targets, weightCount(shape.target)),
          };
  }

  async train(call: TrainingCall): Promise<void> {
    const { trips, picks } = call;
    const regularized = picks.length / trips;
    const feeds: Feeds = {
      ...call.minibatches,
      ...this.#earlier,
      ...(regularized > 0 && { "earlier.picks": new OrtTensor("int32", picks, [trips, regularized]) }),
      "adam.theta": tensor(call.thetaScalars, [trips, 2]),
      "adam.embedding": tensor(call.embeddingScalars, [trips, 2]),
      ...this.#theta.feeds(true),
      ...this.#embedding.feeds(true),
    };
    await this.#trainer!.run(feeds, {
      ...this.#theta.results(),
      ...this.#embedding.results(),
      "losses.task": tensor(call.taskLosses, [trips]),
      "losses.regularizer": tensor(call.regularizers, [trips]),
    });
    // After a divergence the learner stays as it was.
    if (![...call.taskLosses, ...call.regularizers].every(Number.isFinite)) return;
    this.#theta.swap();
    this.#embedding.swap();
  }

  embedding(): Float32Array {
    return this.#embedding.values(0).slice();
  }

  entries(): { name: string; shape: readonly number[]; data: Float32Array }[] {
    const theta = this.#theta.entries().map((entry) => ({ ...entry, name: THETA + entry.name }));
    return [...theta, ...this.#embedding.entries()];
  }

  restore(saved: SavedArrays): void {
    this.#theta.restore(saved, THETA);
    this.#embedding.restore(saved, "");
  }

  async release(): Promise<void> {
    await this.#trainer?.release();
    await this.#generator.release();
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

/** One call = many minibatches (an ONNX `Loop`); see `HypernetworkTrainer` for what one does. */
function trainingGraph(
  { shape, batchSize, beta, clipNorm }: TrainerOptions,
  theta: ParameterGroup,
  embedding: ParameterGroup,
  { earlier, regularized }: { earlier: number; regularized: number },
): Graph {
  const dynamics = shape.target;
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
    const network = networkFromFlat(hypernetwork(shape, values, e.values[0]), dynamics);
    const loss = taskLoss(data, iteration, network, dynamics);
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

import { alignedArrays, type Feeds, type RunTensors, tensor } from "../graph/session.js";
import type { Head } from "../kernel/head.js";
import { forBothSets, type ParameterGroup } from "../model/parameters.js";
import type { TrainingCall } from "./hypernetwork-trainer.js";

/** Small arrays that graphs and kernel exchange in a minibatch. */
export interface Exchange {
  /** Gradient for the hidden output of the task's embedding `[rows]`. */
  readonly dh: Float32Array;
  /** Gradients for the hidden outputs of the regularised embeddings `[R, rows]`. */
  readonly dhAhead: Float32Array;
  /** Regularised embeddings `[R, E]`. */
  readonly earlier: Float32Array;
  /** Sum of squares of the head's gradient. */
  readonly squares: Float32Array;
  /** Sum of squares of the task's gradient for the generated weights. */
  readonly taskSquares: Float32Array;
  readonly loss: Float32Array;
  readonly iteration: BigInt64Array;
}

export function createExchange({ rows, shape: { regularized: R } }: Head, embedding: number): Exchange {
  const [dh, dhAhead, earlier, squares, taskSquares, loss] = alignedArrays([
    ...[rows, R * rows, R * embedding],
    ...[1, 1, 1],
  ]);
  return { dh, dhAhead, earlier, squares, taskSquares, loss, iteration: new BigInt64Array(1) };
}

/** The tensors of a minibatch's three graphs. */
export interface StepTensors {
  readonly task: RunTensors;
  readonly lookAhead: RunTensors;
  readonly update: RunTensors;
}

/** What the tensors lie over. */
export interface StepArrays {
  readonly head: Head;
  readonly hidden: ParameterGroup;
  readonly embedding: ParameterGroup;
  readonly exchange: Exchange;
}

/** Two sets of tensors, for minibatches in turn: parameters are read from one array and written to the other. */
export function stepTensors(arrays: StepArrays, call: TrainingCall): readonly [StepTensors, StepTensors] {
  return forBothSets([arrays.hidden, arrays.embedding], () => oneStep(arrays, call));
}

function oneStep({ head, hidden, embedding, exchange: x }: StepArrays, call: TrainingCall): StepTensors {
  const { ports, rows, shape } = head;
  const { regularized: R, columns: P } = shape;
  const iteration = tensor(x.iteration, []);
  const common: Feeds = {
    iteration,
    "adam.theta": tensor(call.thetaScalars, [call.trips, 2]),
    dh: tensor(x.dh, [1, rows]),
    ...(R > 0 && { earlier: tensor(x.earlier, [R, x.earlier.length / R]) }),
    ...hidden.feeds(true),
  };
  const task: RunTensors = [
    { ...call.minibatches, iteration, weights: tensor(ports.generated.subarray(0, P), [1, P]) },
    {
      loss: tensor(x.loss, []),
      d: tensor(ports.d.subarray(0, P), [1, P]),
      squares: tensor(x.taskSquares, []),
    },
  ];
  const lookAhead: RunTensors = [
    { ...common, ...embedding.feeds(false) },
    { ahead: tensor(ports.ahead, [R, rows]) },
  ];
  const update: RunTensors = [
    {
      ...common,
      ...embedding.feeds(true),
      ...(R > 0 && { dhAhead: tensor(x.dhAhead, [R, rows]) }),
      squares: tensor(x.squares, []),
      "adam.embedding": tensor(call.embeddingScalars, [call.trips, 2]),
    },
    {
      ...hidden.results(),
      ...embedding.results(),
      scaled: tensor(ports.scaled, [rows, R + 1]),
      h: tensor(ports.h, [1, rows]),
    },
  ];
  return { task, lookAhead, update };
}

import { Graph } from "../graph/graph.js";
import { alignedArray, alignedTensor, Session, tensor } from "../graph/session.js";
import { generatedCount, type HypernetworkShape } from "../model/hypernetwork.js";
import { weightCount } from "../model/network.js";
import { outputForm } from "../model/outputs/outputs.js";
import { MinibatchFeeder, minibatchInputs, normalizedMinibatch, type TrainingCall } from "./minibatches.js";
import { membersLoss } from "./regularized-trainer.js";

/** Transitions as the current task's networks see them. */
export type TaskTransitions = Pick<TrainingCall, "data" | "normalizer" | "task">;

/** What one network follows from. */
export interface GeneratedNetwork {
  /** `[Q]` */
  readonly generated: Float32Array;
  /** W₀ `[P]`, where the form of output has one. */
  readonly base: Float32Array | undefined;
}

/**
 * The prediction loss of each of some networks on all transitions that are stored: the task loss of a minibatch that holds every
 * transition once, divided by their number. Nothing is random.
 */
export async function networkLosses(
  shape: HypernetworkShape,
  { data, normalizer, task }: TaskTransitions,
  networks: readonly GeneratedNetwork[],
): Promise<number[]> {
  const { size } = data;
  const rows = Int32Array.from({ length: size }, (_, i) => i);
  const minibatch = new MinibatchFeeder(shape.target).feeds({ data, normalizer, iterations: 1, rows, task });
  const session = await Session.create(lossGraph(shape, size));
  const loss = alignedArray(1);
  const losses: number[] = [];
  try {
    for (const { generated, base } of networks) {
      const feeds = {
        ...minibatch,
        generated: alignedTensor(generated, [1, generated.length]),
        ...(base && { base: alignedTensor(base, [1, base.length]) }),
      };
      await session.run(feeds, { loss: tensor(loss, []) });
      losses.push((loss[0] ?? Number.NaN) / size);
    }
  } finally {
    await session.release();
  }
  return losses;
}

function lossGraph(shape: HypernetworkShape, batchSize: number): Graph {
  const g = new Graph();
  const minibatch = normalizedMinibatch(minibatchInputs(g, shape.target, batchSize), g.integers([0], []));
  const generated = g.input("generated", [1, generatedCount(shape)]);
  const base = outputForm(shape).hasBase ? g.input("base", [1, weightCount(shape.target)]) : undefined;
  g.output("loss", membersLoss({ shape, members: 1, batchSize }, { generated, base }, minibatch));
  return g;
}

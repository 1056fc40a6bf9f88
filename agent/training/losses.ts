import { RunError } from "../../sim/core/errors.js";
import { alignedArray } from "../graph/session.js";
import type { TrainingReport } from "../learner.js";

/** Where a training call writes the losses of its minibatches, each `[iterations]`. */
export interface LossArrays {
  readonly task: Float32Array;
  /** What the method adds for earlier tasks' sake. */
  readonly added: Float32Array;
}

/** Words for messages. */
export interface LossNames {
  /** What the method adds to the task loss. */
  readonly added: string;
  /** The setting that holds the learning rate. */
  readonly rateSetting: string;
}

/** Collects the losses of one training call after another, in arrays that grow as needed. */
export class LossRecorder {
  readonly #names: LossNames;
  readonly #batchSize: number;
  #task = alignedArray(1);
  #added = alignedArray(1);

  constructor(names: LossNames, batchSize: number) {
    this.#names = names;
    this.#batchSize = batchSize;
  }

  /** Arrays for the next call; those of the last are void. */
  start(iterations: number): LossArrays {
    if (this.#task.length < iterations) {
      this.#task = alignedArray(iterations);
      this.#added = alignedArray(iterations);
    }
    return { task: this.#task.subarray(0, iterations), added: this.#added.subarray(0, iterations) };
  }

  /** @throws RunError naming the task, the minibatch and the quantity of the first value that is not finite */
  report(losses: LossArrays, task: number): TrainingReport {
    const taskFailure = losses.task.findIndex((loss) => !Number.isFinite(loss));
    const addedFailure = losses.added.findIndex((loss) => !Number.isFinite(loss));
    // A minibatch computes its task loss first.
    if (taskFailure >= 0 && (addedFailure < 0 || taskFailure <= addedFailure)) {
      throw this.#diverged("the task loss", losses.task, taskFailure, task);
    }
    if (addedFailure >= 0) throw this.#diverged(this.#names.added, losses.added, addedFailure, task);
    return {
      taskLoss: mean(losses.task) / this.#batchSize,
      regularizer: mean(losses.added) / this.#batchSize,
    };
  }

  #diverged(quantity: string, values: Float32Array, minibatch: number, task: number): RunError {
    return new RunError({
      what: `Training diverged: ${quantity} is not finite at minibatch ${minibatch} of ${values.length} on task ${task + 1}`,
      got: String(values[minibatch]),
      expected: "a finite number",
      todo: `Start a run with a lower ${this.#names.rateSetting}; what was saved before this session is intact`,
    });
  }
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

import { UsageError } from "../../sim/core/errors.js";
import type { Rng, RngState } from "../../sim/core/rng.js";
import type { Compute } from "../compute.js";
import type { Learner, LearnerState, TrainingReport } from "../learner.js";
import type { Method } from "../methods/method.js";
import { methods } from "../methods/registry.js";
import type { MlpShape } from "../model/network.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import type { TrainingData } from "../model/replay-buffer.js";
import type { Settings } from "../settings/schema.js";
import { CallThread, type ThreadName } from "../threads/call-thread.js";

const NAME: ThreadName = {
  what: "training thread",
  todo: "Resume the run with `hypercrl train --resume FOLDER`",
};

/** What the worker is made with. */
export interface LearnerMember {
  readonly settings: Settings;
  /** URL of the module of the method, when it does not come with the package. */
  readonly methodModule: string | undefined;
  readonly shape: MlpShape;
  readonly rng: RngState;
  readonly compute: Compute;
}

/** Calls the worker answers, by name; the arguments are those of `Learner`, with a random stream as its state. */
export type LearnerCall =
  | { readonly method: "beginTask"; readonly arguments: readonly [index: number] }
  | { readonly method: "weights"; readonly arguments: readonly [index: number, member: number | undefined] }
  | {
      readonly method: "train";
      readonly arguments: readonly [TrainingData, NormalizerArrays, iterations: number, rng: RngState];
    }
  | {
      readonly method: "endTask";
      readonly arguments: readonly [TrainingData, NormalizerArrays, rng: RngState];
    }
  | { readonly method: "state"; readonly arguments: readonly [] }
  | { readonly method: "restore"; readonly arguments: readonly [LearnerState] };

/** A method, with the URL of its module when it does not come with the package. */
export interface BackgroundMethod {
  readonly method: Method;
  readonly methodModule: string | undefined;
}

/**
 * A learner on a thread of its own, so that the arm can act while it trains. Calls are answered in order. A stream
 * given to `train` is read from a copy: it is not advanced for the caller.
 */
export class BackgroundLearner implements Learner {
  readonly #thread: CallThread<LearnerCall>;

  /** @throws UsageError for a method that the thread cannot import */
  constructor(
    { method, methodModule }: BackgroundMethod,
    settings: Settings,
    shape: MlpShape,
    rng: Rng,
    compute: Compute,
  ) {
    checkImportable({ method, methodModule });
    const member: LearnerMember = { settings, methodModule, shape, rng: rng.state(), compute };
    this.#thread = new CallThread("agent/background/learner-worker.js", member, NAME);
  }

  async beginTask(index: number): Promise<void> {
    await this.#thread.call({ method: "beginTask", arguments: [index] });
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    // A copy: the buffer goes on filling while the session runs.
    const call = [storedRows(data), normalizer, iterations, rng.state()] as const;
    return (await this.#thread.call({ method: "train", arguments: call })) as TrainingReport;
  }

  async endTask(data: TrainingData, normalizer: NormalizerArrays, rng: Rng): Promise<void> {
    await this.#thread.call({ method: "endTask", arguments: [storedRows(data), normalizer, rng.state()] });
  }

  async weights(index: number, member?: number): Promise<Float32Array> {
    return (await this.#thread.call({ method: "weights", arguments: [index, member] })) as Float32Array;
  }

  async state(): Promise<LearnerState> {
    return (await this.#thread.call({ method: "state", arguments: [] })) as LearnerState;
  }

  async restore(state: LearnerState): Promise<void> {
    await this.#thread.call({ method: "restore", arguments: [state] });
  }

  /** Ends the thread when it has answered. */
  release(): Promise<void> {
    return this.#thread.release();
  }
}

/**
 * A thread can be given no functions, so it imports the method itself.
 * @throws UsageError for a method that it cannot import
 */
export function checkImportable({ method, methodModule }: BackgroundMethod): void {
  if (methodModule !== undefined || methods.includes(method)) return;
  throw new UsageError({
    what: `Method ${method.name} cannot train in the background`,
    got: "an object, which cannot be sent to a thread of its own",
    expected: "the path of the module that exports it as its default",
    todo: 'Call train({ method: "./my-method.mjs" }), or leave out `async` and loop.trainLag',
  });
}

/** A copy of what is stored now, without the room left for more. */
function storedRows({ size, added, inputSize, targetSize, ...data }: TrainingData): TrainingData {
  const inputs = data.inputs.slice(0, size * inputSize);
  const targets = data.targets.slice(0, size * targetSize);
  return { capacity: size, size, added, inputSize, targetSize, inputs, targets };
}

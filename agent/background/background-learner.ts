import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { type ErrorDetails, errorWithCode, RunError, UsageError } from "../../sim/core/errors.js";
import type { Rng, RngState } from "../../sim/core/rng.js";
import type { Compute } from "../compute.js";
import type { Learner, LearnerState, TrainingReport } from "../learner.js";
import type { Method } from "../methods/method.js";
import { methods } from "../methods/registry.js";
import type { MlpShape } from "../model/dynamics.js";
import type { NormalizerArrays } from "../model/normalizer.js";
import type { TrainingData } from "../model/replay-buffer.js";
import type { Settings } from "../settings/schema.js";

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
  | { readonly method: "beginTask" | "weights"; readonly arguments: readonly [index: number] }
  | {
      readonly method: "train";
      readonly arguments: readonly [TrainingData, NormalizerArrays, iterations: number, rng: RngState];
    }
  | {
      readonly method: "endTask";
      readonly arguments: readonly [TrainingData, NormalizerArrays, rng: RngState];
    }
  | { readonly method: "state"; readonly arguments: readonly [] }
  | { readonly method: "restore"; readonly arguments: readonly [LearnerState] }
  | { readonly method: "release"; readonly arguments: readonly [] };

export type LearnerReply =
  | { readonly result: unknown }
  | { readonly failed: ErrorDetails; readonly exitCode: number }
  | { readonly broken: { readonly message: string; readonly stack: string | undefined } };

/** A method, with the URL of its module when it does not come with the package. */
export interface BackgroundMethod {
  readonly method: Method;
  readonly methodModule: string | undefined;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A learner on a thread of its own, so that the arm can act while it trains. Calls are answered in order. A stream
 * given to `train` is read from a copy: it is not advanced for the caller.
 */
export class BackgroundLearner implements Learner {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  readonly #exited: Promise<void>;
  #failure: Error | undefined;

  /** @throws UsageError for a method that the thread cannot import */
  constructor(
    { method, methodModule }: BackgroundMethod,
    settings: Settings,
    shape: MlpShape,
    rng: Rng,
    compute: Compute,
  ) {
    checkImportable({ method, methodModule });
    // The worker runs the build also where sources are loaded as TypeScript.
    const file = createRequire(import.meta.url).resolve("#dist/agent/background/learner-worker.js");
    const workerData: LearnerMember = { settings, methodModule, shape, rng: rng.state(), compute };
    this.#worker = new Worker(file, { workerData, execArgv: [] });
    this.#worker.on("message", (reply: LearnerReply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#fail(error.message, error));
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        this.#fail(`exit with code ${code}`);
        resolve();
      });
    });
    this.#worker.unref();
  }

  async beginTask(index: number): Promise<void> {
    await this.#call({ method: "beginTask", arguments: [index] });
  }

  async train(
    data: TrainingData,
    normalizer: NormalizerArrays,
    iterations: number,
    rng: Rng,
  ): Promise<TrainingReport> {
    // A copy: the buffer goes on filling while the session runs.
    const call = [storedRows(data), normalizer, iterations, rng.state()] as const;
    return (await this.#call({ method: "train", arguments: call })) as TrainingReport;
  }

  async endTask(data: TrainingData, normalizer: NormalizerArrays, rng: Rng): Promise<void> {
    await this.#call({ method: "endTask", arguments: [storedRows(data), normalizer, rng.state()] });
  }

  async weights(index: number): Promise<Float32Array> {
    return (await this.#call({ method: "weights", arguments: [index] })) as Float32Array;
  }

  async state(): Promise<LearnerState> {
    return (await this.#call({ method: "state", arguments: [] })) as LearnerState;
  }

  async restore(state: LearnerState): Promise<void> {
    await this.#call({ method: "restore", arguments: [state] });
  }

  /** Ends the thread when it has answered. (Stopping it inside the runtime would end the whole process.) */
  async release(): Promise<void> {
    if (this.#failure === undefined) {
      this.#failure = new Error("The learner is released.");
      this.#worker.ref();
      this.#worker.postMessage({ method: "release", arguments: [] } satisfies LearnerCall);
    }
    await this.#exited;
  }

  #call(call: LearnerCall): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    // While an answer is awaited the thread keeps the process alive.
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(call);
    });
  }

  #settle(reply: LearnerReply): void {
    const answered = this.#waiting.shift();
    if (this.#waiting.length === 0 && this.#failure === undefined) this.#worker.unref();
    if ("result" in reply) answered?.resolve(reply.result);
    else if ("failed" in reply) answered?.reject(errorWithCode(reply.failed, reply.exitCode));
    else answered?.reject(Object.assign(new Error(reply.broken.message), { stack: reply.broken.stack }));
  }

  #fail(got: string, cause?: unknown): void {
    this.#failure ??= new RunError({
      what: "The training thread died",
      got,
      expected: "the thread to run until the end",
      todo: "Resume the run with `hypercrl train --resume FOLDER`",
      cause,
    });
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
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
function storedRows({ size, inputSize, targetSize, ...data }: TrainingData): TrainingData {
  const inputs = data.inputs.slice(0, size * inputSize);
  const targets = data.targets.slice(0, size * targetSize);
  return { capacity: size, size, inputSize, targetSize, inputs, targets };
}

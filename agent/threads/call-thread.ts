import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { type ErrorDetails, errorWithCode, RunError } from "../../sim/core/errors.js";

/** What a thread is sent: a call, or that it shall end. */
export type Message<Call> = { readonly call: Call } | "release";

/** How a thread answers a call. */
export type Reply =
  | { readonly result: unknown }
  | { readonly failed: ErrorDetails; readonly exitCode: number }
  | { readonly broken: { readonly message: string; readonly stack: string | undefined } };

/** What errors say of a thread. */
export interface ThreadName {
  /** `training thread` */
  readonly what: string;
  /** What to do when it has died. */
  readonly todo: string;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A thread that answers calls in order, see `answerCalls`. It keeps the process alive only while an answer is awaited. */
export class CallThread<Call> {
  readonly #worker: Worker;
  readonly #name: ThreadName;
  readonly #waiting: Waiting[] = [];
  readonly #exited: Promise<void>;
  #failure: Error | undefined;

  /**
   * @param file of the build, such as `agent/background/learner-worker.js`; threads run it also where sources are loaded as TypeScript
   * @param data what the thread is made with
   */
  constructor(file: string, data: unknown, name: ThreadName) {
    this.#name = name;
    const path = createRequire(import.meta.url).resolve(`#dist/${file}`);
    this.#worker = new Worker(path, { workerData: data, execArgv: [] });
    this.#worker.on("message", (reply: Reply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#fail(error.message, error));
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        this.#fail(`exit with code ${code}`);
        resolve();
      });
    });
    this.#worker.unref();
  }

  /** @throws whatever answering the call throws; RunError when the thread has died */
  call(call: Call): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#post({ call });
    });
  }

  /** Ends the thread when it has answered. (Stopping it inside the runtime would end the whole process.) */
  async release(): Promise<void> {
    if (this.#failure === undefined) {
      this.#failure = new Error(`The ${this.#name.what} is released.`);
      this.#worker.ref();
      this.#post("release");
    }
    await this.#exited;
  }

  #post(message: Message<Call>): void {
    this.#worker.postMessage(message);
  }

  #settle(reply: Reply): void {
    const answered = this.#waiting.shift();
    if (this.#waiting.length === 0 && this.#failure === undefined) this.#worker.unref();
    if ("result" in reply) answered?.resolve(reply.result);
    else if ("failed" in reply) answered?.reject(errorWithCode(reply.failed, reply.exitCode));
    else answered?.reject(Object.assign(new Error(reply.broken.message), { stack: reply.broken.stack }));
  }

  #fail(got: string, cause?: unknown): void {
    this.#failure ??= new RunError({
      what: `The ${this.#name.what} died`,
      got,
      expected: "the thread to run until the end",
      todo: this.#name.todo,
      cause,
    });
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

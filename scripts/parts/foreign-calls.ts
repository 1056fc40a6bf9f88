import { fileURLToPath } from "node:url";
import { HyperCrlError, InputError } from "../../sim/core/errors.js";
import { problemOf } from "../../sim/core/problem.js";

/**
 * Calls into modules of a user's own: suites, methods, planners. They are other people's programs: what they throw is
 * told as theirs, and a thread can see which of them has not returned.
 * @module
 */

/** One function of a module, for messages. */
export interface ForeignHook {
  /** Path of the module, as given. */
  readonly module: string;
  /** What the module exports: `suite`, `method`, `planner`. */
  readonly kind: string;
  /** What is called, as messages name it, e.g. "`advance`". */
  readonly hook: string;
}

/** Told of a hook that may be called from now on. @param id its number, from 1 */
type ForeignCallsWatch = (id: number, text: string) => void;

/** Whether another thread can read `callsUnderWay`: a machine may have no shared memory. */
export const callsAreShared = "SharedArrayBuffer" in globalThis;

/**
 * The calls that are under way in this process, for another thread to read; `CALLS` says which entry is what. A process has
 * one main thread, hence one record.
 */
export const callsUnderWay = new Int32Array(callsAreShared ? new SharedArrayBuffer(16) : new ArrayBuffer(16));

/** Entries of `callsUnderWay`. */
export const CALLS = {
  /** Number of the hook that the main thread is in; 0 outside of hooks. */
  hook: 0,
  /** Counts calls, so that one call that lasts is told from many. */
  count: 1,
  /** Number of the hook whose promise is awaited; 0 for none. */
  awaited: 2,
  /** Counts turns of the main thread's event loop, as long as somebody watches. */
  beat: 3,
} as const;

const calls = new Map<string, ForeignCall>();
const modules = new Map<string, string>();
let watch: ForeignCallsWatch | undefined;

/** Tells of hooks from now on; before, there was none. */
export function watchForeignCalls(watching: ForeignCallsWatch): void {
  watch = watching;
}

/** Notes that a module is run, by its URL and its path as given. */
export function noteForeignModule(url: string, path: string): void {
  modules.set(url, path);
}

/** Paths of the modules of a user's own that this process has run. */
export function foreignModules(): readonly string[] {
  return [...modules.values()];
}

/** The module of a user's own that threw an error; undefined where it was thrown elsewhere. */
export function moduleThatThrew(error: unknown): string | undefined {
  const stack = error instanceof Error ? String(error.stack) : "";
  const thrownAt = stack.split("\n").find((line) => /^\s+at /.test(line)) ?? "";
  // Where sources are transformed on the way, a place is told by its path.
  const places = (url: string) => [`${url}:`, `${fileURLToPath(url)}:`];
  return [...modules].find(([url]) => places(url).some((place) => thrownAt.includes(place)))?.[1];
}

/** The calls of a hook. */
export function foreignCall({ module, kind, hook }: ForeignHook): ForeignCall {
  const text = `${hook} of the ${kind} in ${module}`;
  const known = calls.get(text);
  if (known !== undefined) return known;
  const call = new ForeignCall(text, calls.size + 1);
  calls.set(text, call);
  return call;
}

/** Notes when the main thread is in a hook, so that one that never returns can be named. */
class ForeignCall {
  readonly #text: string;
  readonly #id: number;

  constructor(text: string, id: number) {
    this.#text = text;
    this.#id = id;
    watch?.(id, text);
  }

  /**
   * Calls the hook.
   * @throws InputError naming it when it throws, or gives a promise that fails or cannot be kept any more
   */
  run<T>(work: () => T): T {
    const before = Atomics.load(callsUnderWay, CALLS.hook);
    Atomics.store(callsUnderWay, CALLS.hook, this.#id);
    Atomics.add(callsUnderWay, CALLS.count, 1);
    try {
      const result = work();
      return result instanceof Promise ? (this.#blamed(result) as T) : result;
    } catch (cause) {
      throw this.#blame(cause);
    } finally {
      Atomics.store(callsUnderWay, CALLS.hook, before);
    }
  }

  async #blamed<T>(promise: Promise<T>): Promise<T> {
    try {
      return await this.wait(promise);
    } catch (cause) {
      throw this.#blame(cause);
    }
  }

  /**
   * Waits for what a module does.
   * @throws InputError when nothing is left that could end it; otherwise what the promise fails with
   */
  async wait<T>(promise: Promise<T>): Promise<T> {
    const before = Atomics.exchange(callsUnderWay, CALLS.awaited, this.#id);
    try {
      return await settled(promise, this.#text);
    } finally {
      Atomics.store(callsUnderWay, CALLS.awaited, before);
    }
  }

  #blame(cause: unknown): unknown {
    if (cause instanceof HyperCrlError || (cause instanceof Error && ourErrors.has(cause))) return cause;
    return new InputError({
      what: `${this.#text} failed`,
      got: `the error "${problemOf(cause)}"`,
      todo: "Correct the module; --debug prints where it was thrown",
      cause,
    });
  }
}

/** Errors of our own that pass through a hook: it was given a function that threw them. */
const ourErrors = new WeakSet<Error>();

/** A function that is handed to a module: what it throws is ours, and its time is not the module's. */
export function calledBack<Arguments extends unknown[], Result>(
  ours: (...values: Arguments) => Result,
): (...values: Arguments) => Result {
  return (...values) => {
    const before = Atomics.load(callsUnderWay, CALLS.hook);
    Atomics.store(callsUnderWay, CALLS.hook, 0);
    try {
      const result = ours(...values);
      if (result instanceof Promise) result.catch(noteOurs);
      return result;
    } catch (error) {
      noteOurs(error);
      throw error;
    } finally {
      Atomics.store(callsUnderWay, CALLS.hook, before);
    }
  };
}

function noteOurs(error: unknown): void {
  if (error instanceof Error) ourErrors.add(error);
}

/**
 * Waits for a promise of a module's.
 * @param what it is the promise of
 * @throws InputError when the process has nothing left to do, so that nobody can keep it: Node would end without a word
 */
function settled<T>(promise: Promise<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const idle = () => reject(neverSettles(what));
    process.once("beforeExit", idle);
    const settle = promise.finally(() => process.off("beforeExit", idle));
    settle.then(resolve, reject);
  });
}

function neverSettles(what: string): InputError {
  return new InputError({
    what: `${what} never ends`,
    got: "a promise that nothing is left to keep",
    expected: "one that is kept",
    todo: "Correct the module: something in it awaits what does not happen",
  });
}

import { foreign } from "../../sim/core/foreign.js";

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Takes the time spent in methods of a class, of all its instances, until `stop`. */
export class Stopwatch {
  readonly #stops: (() => void)[] = [];
  #times: number[] = [];

  /**
   * @param prototype the class's prototype
   * @param names methods that neither call each other nor run at the same time; a promise counts until it settles
   */
  watch<T extends object>(prototype: T, names: readonly (keyof T & string)[]): this {
    const methods = foreign<Record<string, Method>>(prototype);
    for (const name of names) {
      const original = methods[name];
      if (original === undefined) throw new TypeError(`There is no method ${name} to time`);
      const add = (started: number) => {
        this.#times.push(performance.now() - started);
      };
      methods[name] = function (...args) {
        const started = performance.now();
        const result = original.apply(this, args);
        if (result instanceof Promise) return result.finally(() => add(started));
        add(started);
        return result;
      };
      this.#stops.push(() => {
        methods[name] = original;
      });
    }
    return this;
  }

  /** Their sum since the last taking, ms. */
  take(): number {
    return this.takeEach().reduce((sum, ms) => sum + ms, 0);
  }

  /** Times of the calls since the last taking, ms. */
  takeEach(): number[] {
    const taken = this.#times;
    this.#times = [];
    return taken;
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}

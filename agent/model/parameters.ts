import type { Rng } from "../../sim/core/rng.js";
import type { Graph, Tensor } from "../graph/graph.js";
import { alignedArrays, type Feeds, tensor } from "../graph/session.js";
import { type AdamState, flatState, stateOf } from "./adam.js";
import { type NamedArray, type SavedArrays, savedArray } from "./saved-arrays.js";

/** A named weight matrix or bias row. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly [number, number];
  /** Bound of the uniform initial values; 0 for zeros. */
  readonly bound: number;
  /** Standard deviation of normal initial values, in place of uniform ones. */
  readonly std?: number;
}

/** Numbers in some parameters. */
export function parameterCount(specs: readonly ParameterSpec[]): number {
  return specs.reduce((count, { shape: [rows, columns] }) => count + rows * columns, 0);
}

/** Xavier-uniform bound (Glorot & Bengio 2010). */
export function xavierBound(fanIn: number, fanOut: number): number {
  return Math.sqrt(6 / (fanIn + fanOut));
}

/** Fills with uniform numbers in ±bound; a bound of 0 draws nothing. */
export function drawUniform(out: Float32Array, bound: number, rng: Rng): void {
  for (let k = 0; k < out.length; k++) out[k] = bound === 0 ? 0 : (2 * rng.uniform() - 1) * bound;
}

/** What the names of values, first and second moments of a parameter end with. */
export const MOMENT_SUFFIXES = ["", ".m", ".v"] as const;

/** Arrays of a parameter group with Adam's moments, kept twice: a run reads one set and writes the other. */
export class ParameterGroup {
  readonly specs: readonly ParameterSpec[];
  readonly #sets: readonly [Float32Array[], Float32Array[]];
  #current: 0 | 1 = 0;

  constructor(specs: readonly ParameterSpec[]) {
    this.specs = specs;
    const sizes = specs.map((s) => s.shape[0] * s.shape[1]);
    const lengths = [...sizes, ...sizes, ...sizes];
    this.#sets = [alignedArrays(lengths), alignedArrays(lengths)];
  }

  /** Draws initial values and clears the moments. */
  initialize(rng: Rng): void {
    this.specs.forEach(({ bound, std }, i) => {
      const values = this.values(i);
      if (std === undefined) drawUniform(values, bound, rng);
      else for (let k = 0; k < values.length; k++) values[k] = std * rng.normal();
    });
    this.clearMoments();
  }

  /** Takes over the first values, those of a group that this one continues. */
  copyValues(from: ParameterGroup): void {
    for (let i = 0; i < from.specs.length; i++) this.values(i).set(from.values(i));
  }

  /** A fresh optimiser. */
  clearMoments(): void {
    for (const array of this.#sets[this.#current].slice(this.specs.length)) array.fill(0);
  }

  /** The current values of a parameter, by its place in `specs`; not a copy. */
  values(index: number): Float32Array {
    return this.#sets[this.#current][index]!;
  }

  /** Every array by name: `name`, `name.m`, `name.v`. */
  entries(): NamedArray[] {
    const current = this.#sets[this.#current];
    return current.map((data, i) => {
      const { name, shape } = this.specs[i % this.specs.length]!;
      return { name: name + MOMENT_SUFFIXES[Math.floor(i / this.specs.length)], shape, data };
    });
  }

  /**
   * Sets every array from a saved state.
   * @param prefix what the saved names have before the names of `entries`
   * @throws InputError when one is missing or of another size
   */
  restore(saved: SavedArrays, prefix: string): void {
    for (const { name, data } of this.entries()) data.set(savedArray(saved, prefix + name, data.length));
  }

  /** Declares the graph inputs: parameters, then first and second moments. */
  declare(graph: Graph, withMoments: boolean): Tensor[] {
    const suffixes = withMoments ? MOMENT_SUFFIXES : [""];
    return suffixes.flatMap((suffix) => this.specs.map((s) => graph.input(s.name + suffix, s.shape)));
  }

  /** Declares the graph inputs of values and moments. */
  declareState(graph: Graph): AdamState {
    return stateOf(this.declare(graph, true));
  }

  /** Names what follows in the graph as the outputs that `results` receives. */
  outputState(graph: Graph, next: AdamState): void {
    const names = this.entries().map(({ name }) => name);
    flatState(next).forEach((tensor, i) => {
      graph.output(`next.${names[i]}`, tensor);
    });
  }

  /** The current arrays for the inputs that `declare` made. */
  feeds(withMoments: boolean): Feeds {
    return this.#tensors(this.#sets[this.#current], withMoments, "");
  }

  /** Where a run writes the next values; call `swap` afterwards. */
  results(): Feeds {
    return this.#tensors(this.#sets[1 - this.#current]!, true, "next.");
  }

  /** Makes what a run wrote to `results` the current arrays. */
  swap(): void {
    this.#current = this.#current === 0 ? 1 : 0;
  }

  #tensors(arrays: readonly Float32Array[], withMoments: boolean, prefix: string): Feeds {
    const count = withMoments ? arrays.length : this.specs.length;
    return Object.fromEntries(
      this.entries()
        .slice(0, count)
        .map(({ name, shape }, i) => [prefix + name, tensor(arrays[i]!, shape)]),
    );
  }
}

/**
 * Makes something that reads from `feeds` and writes to `results` of groups, once for each of their two sets: for runs in
 * turn, with a swap after each.
 */
export function forBothSets<T>(groups: readonly ParameterGroup[], make: () => T): readonly [T, T] {
  const swap = () => {
    for (const group of groups) group.swap();
  };
  const first = make();
  swap();
  const second = make();
  swap();
  return [first, second];
}

import type { Rng } from "../../sim/core/rng.js";
import { alignedArray, Session, tensor } from "../graph/session.js";
import { Head, type HeadPass } from "../kernel/head.js";
import { HeadThreads, worthSharing } from "../kernel/head-threads.js";
import { CHUNKS, growHeadMemory, type HeadShape, headMemory } from "../kernel/layout.js";
import type { KernelInstructions } from "../kernel/module.js";
import {
  clearMoments,
  headEntries,
  initializeHead,
  restoreHead,
  scaleColumns,
  setBias,
} from "../kernel/store.js";
import { generatedCount, type HypernetworkShape, hypernetworkParameters } from "../model/hypernetwork.js";
import type { ParameterSpec } from "../model/parameters.js";
import type { NamedArray, SavedArrays } from "../model/saved-arrays.js";
import type { KernelChoice } from "./engine.js";
import { type HiddenLayers, hiddenGraph, hiddenSize } from "./fused-graphs.js";
import { HiddenRow } from "./hidden-row.js";
import { THETA_PREFIX, type ThetaHolder } from "./theta.js";

/** The part of a head's shape that changes from task to task. */
export type HeadRows = Pick<HeadShape, "earlier" | "embeddings" | "regularized">;

/** Θ for the fused kernel: the hidden layers as one row for ONNX graphs, the head on the kernel's memory. */
export class FusedTheta implements ThetaHolder {
  readonly shape: HypernetworkShape;
  readonly hidden: HiddenRow;
  readonly #specs: readonly ParameterSpec[];
  readonly #instructions: KernelInstructions;
  readonly #threads: HeadThreads | undefined;
  readonly #memory: WebAssembly.Memory;
  #head: Head;
  #generator: Session | undefined;

  constructor(shape: HypernetworkShape, { threads, instructions }: KernelChoice) {
    const first = this.#headShape(shape, { earlier: 0, embeddings: 1, regularized: 0 });
    this.shape = shape;
    this.hidden = new HiddenRow(shape);
    this.#instructions = instructions;
    this.#specs = hypernetworkParameters(shape).filter(({ name }) => name.startsWith("head."));
    this.#threads = threads > 1 && worthSharing(first) ? new HeadThreads(threads) : undefined;
    this.#memory = headMemory(first, this.#threads !== undefined);
    this.#head = this.#newHead(first);
  }

  /** The head as it lies now; `reshape` replaces it. */
  get head(): Head {
    return this.#head;
  }

  /** For the graphs of `fused-graphs.ts`. */
  get layers(): HiddenLayers {
    return { shape: this.shape, hidden: this.hidden };
  }

  initialize(rng: Rng): void {
    this.hidden.initialize(rng);
    initializeHead(this.#head, this.#specs, rng);
  }

  scaleColumns(scales: Float32Array): void {
    scaleColumns(this.#head, this.#specs, scales);
  }

  setBias(values: Float32Array): void {
    setBias(this.#head, this.#specs, values);
  }

  clearMoments(): void {
    clearMoments(this.#head);
    this.hidden.group.clearMoments();
  }

  /** Makes room for the rows of another task. Weights and moments stay; the other arrays of the head are void. */
  reshape(rows: HeadRows): void {
    const shape = this.#headShape(this.shape, rows);
    growHeadMemory(this.#memory, shape);
    this.#head = this.#newHead(shape);
    // Columns beyond the last must hold zeros; other arrays lay here before.
    this.#head.arrays.targets.fill(0);
    this.#head.arrays.d.fill(0);
  }

  /** Leaves what Θ generates for the first `count` embeddings `e [count, E]` in the head's `generated`. */
  async forward(e: Float32Array, count: number): Promise<void> {
    const head = this.#head;
    this.#generator ??= await Session.create(hiddenGraph(this.layers));
    const input = alignedArray(e.length);
    input.set(e);
    await this.#generator.run(
      { embedding: tensor(input, [count, e.length / count]), ...this.hidden.group.feeds(false) },
      { h: tensor(head.ports.h.subarray(0, count * head.rows), [count, head.rows]) },
    );
    head.receive("h");
    await this.pass("forward");
  }

  async generate(e: Float32Array): Promise<Float32Array> {
    await this.forward(e, 1);
    return this.#head.arrays.generated.slice(0, this.#head.shape.columns);
  }

  async pass(pass: HeadPass): Promise<void> {
    if (this.#threads !== undefined) return this.#threads.run(this.#head, pass);
    for (let chunk = 0; chunk < CHUNKS; chunk++) this.#head[pass](chunk);
  }

  /** Θ, then its first and its second moments, each with the names of `hypernetworkParameters`. */
  entries(): NamedArray[][] {
    const head = headEntries(this.#head, this.#specs);
    return this.hidden
      .entries()
      .map((hidden, i) =>
        [...hidden, ...head[i]!].map((entry) => ({ ...entry, name: THETA_PREFIX + entry.name })),
      );
  }

  /** The inverse of `entries`. @throws InputError when an array is missing or of another size */
  restore(saved: SavedArrays): void {
    this.hidden.restore(saved, THETA_PREFIX);
    restoreHead(this.#head, this.#specs, saved, THETA_PREFIX);
  }

  async release(): Promise<void> {
    await this.#generator?.release();
    await this.#threads?.close();
  }

  #headShape(shape: HypernetworkShape, rows: HeadRows): HeadShape {
    return { hidden: hiddenSize(shape), columns: generatedCount(shape), ...rows };
  }

  #newHead(shape: HeadShape): Head {
    this.#threads?.share({ shape, memory: this.#memory, instructions: this.#instructions });
    return new Head(shape, this.#memory, this.#instructions);
  }
}

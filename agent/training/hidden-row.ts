import type { Rng } from "../../sim/core/rng.js";
import type { Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { type HypernetworkShape, hypernetworkParameters } from "../model/hypernetwork.js";
import { drawUniform, MOMENT_SUFFIXES, ParameterGroup, type ParameterSpec } from "../model/parameters.js";
import { type NamedArray, type SavedArrays, savedArray } from "../model/saved-arrays.js";

interface Block {
  readonly spec: ParameterSpec;
  /** Where it begins in the row. */
  readonly start: number;
  readonly length: number;
}

/**
 * Weights and biases of all hidden layers of a hypernetwork as one row: an optimiser step on it takes a quarter of
 * the nodes, and with tensors so small every node costs the same. Checkpoints know the single blocks.
 */
export class HiddenRow {
  readonly group: ParameterGroup;
  readonly #blocks: readonly Block[];

  constructor(shape: HypernetworkShape) {
    let start = 0;
    this.#blocks = hypernetworkParameters(shape)
      .filter(({ name }) => name.startsWith("hidden."))
      .map((spec) => {
        const block = { spec, start, length: spec.shape[0] * spec.shape[1] };
        start += block.length;
        return block;
      });
    this.group = new ParameterGroup([{ name: "hidden", shape: [1, start], bound: 0 }]);
  }

  /** Weights and biases in turn, cut from the row `[1, n]`. */
  layers(row: Tensor): Tensor[] {
    const parts = ops.split(
      row,
      this.#blocks.map(({ length }) => length),
    );
    return parts.map((part, i) => ops.reshape(part, this.#blocks[i]!.spec.shape));
  }

  /** Draws initial values block by block, in the order of `ParameterGroup.initialize`, and clears the moments. */
  initialize(rng: Rng): void {
    for (const { spec, start, length } of this.#blocks) {
      drawUniform(this.group.values(0).subarray(start, start + length), spec.bound, rng);
    }
    this.group.clearMoments();
  }

  /** Copies of the blocks: values, then first, then second moments. */
  entries(): NamedArray[][] {
    const rows = this.group.entries();
    return MOMENT_SUFFIXES.map((suffix, i) =>
      this.#blocks.map(({ spec: { name, shape }, start, length }) => ({
        name: name + suffix,
        shape,
        data: rows[i]!.data.slice(start, start + length),
      })),
    );
  }

  /** The inverse of `entries`. @throws InputError when a block is missing or of another size */
  restore(saved: SavedArrays, prefix: string): void {
    this.group.entries().forEach(({ data }, i) => {
      for (const { spec, start, length } of this.#blocks) {
        data.set(savedArray(saved, prefix + spec.name + MOMENT_SUFFIXES[i], length), start);
      }
    });
  }
}

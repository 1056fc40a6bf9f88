import type { Rng } from "../../sim/core/rng.js";
import { drawUniform, type ParameterSpec } from "../model/parameters.js";
import { type NamedArray, type SavedArrays, savedArray } from "../model/saved-arrays.js";
import type { Head } from "./head.js";
import { type HeadArrays, TILE } from "./layout.js";

/** Names of the arrays that checkpoints keep: weights and Adam's moments. */
const KEPT = [
  ["", "w"],
  [".m", "m"],
  [".v", "v"],
] as const satisfies readonly (readonly [string, keyof HeadArrays])[];

/** A weight or bias block of the head as `hypernetworkParameters` describes it: where its first number lies. */
interface Block {
  readonly spec: ParameterSpec;
  readonly firstRow: number;
  readonly firstColumn: number;
}

/** Cuts a head into the blocks that the graph trainer and the checkpoints use. */
function blocks(hidden: number, specs: readonly ParameterSpec[]): Block[] {
  let column = 0;
  return specs.map((spec) => {
    const bias = spec.name.endsWith(".bias");
    const block = { spec, firstRow: bias ? hidden : 0, firstColumn: column };
    if (bias) column += spec.shape[1];
    return block;
  });
}

/** Calls `each` for every run of numbers that lie side by side in the tiles as well as in the block. */
function visit(
  head: Head,
  block: Block,
  each: (inTiles: number, inBlock: number, count: number) => void,
): void {
  const [rows, columns] = block.spec.shape;
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < columns; ) {
      const column = block.firstColumn + k;
      const tile = Math.floor(column / TILE);
      const place = column % TILE;
      const count = Math.min(TILE - place, columns - k);
      each((tile * head.rows + block.firstRow + r) * TILE + place, r * columns + k, count);
      k += count;
    }
  }
}

/** Copies a block from the tiles. */
function readBlock(head: Head, block: Block, tiles: Float32Array): Float32Array {
  const data = new Float32Array(block.spec.shape[0] * block.spec.shape[1]);
  visit(head, block, (t, b, count) => {
    for (let i = 0; i < count; i++) data[b + i] = tiles[t + i]!;
  });
  return data;
}

/** Copies a block into the tiles. */
function writeBlock(head: Head, block: Block, tiles: Float32Array, data: Float32Array): void {
  visit(head, block, (t, b, count) => {
    for (let i = 0; i < count; i++) tiles[t + i] = data[b + i]!;
  });
}

/** Draws initial weights block by block, in the order of `ParameterGroup.initialize`, and clears the moments. */
export function initializeHead(head: Head, specs: readonly ParameterSpec[], rng: Rng): void {
  for (const block of blocks(head.shape.hidden, specs)) {
    const values = new Float32Array(block.spec.shape[0] * block.spec.shape[1]);
    drawUniform(values, block.spec.bound, rng);
    writeBlock(head, block, head.arrays.w, values);
  }
  clearMoments(head);
}

export function clearMoments({ arrays }: Head): void {
  arrays.m.fill(0);
  arrays.v.fill(0);
}

/** Multiplies the weights, not the biases, by a factor for each column `[Q]`. */
export function scaleColumns(head: Head, specs: readonly ParameterSpec[], scales: Float32Array): void {
  const weights = blocks(head.shape.hidden, specs).filter(({ firstRow }) => firstRow === 0);
  for (const block of weights) {
    const columns = block.spec.shape[1];
    const { w } = head.arrays;
    visit(head, block, (t, b, count) => {
      for (let i = 0; i < count; i++) w[t + i]! *= scales[block.firstColumn + ((b + i) % columns)]!;
    });
  }
}

/** Sets the biases, one for each column `[Q]`. */
export function setBias(head: Head, specs: readonly ParameterSpec[], values: Float32Array): void {
  for (const block of blocks(head.shape.hidden, specs)) {
    const { firstRow, firstColumn, spec } = block;
    if (firstRow === 0) continue;
    writeBlock(head, block, head.arrays.w, values.subarray(firstColumn, firstColumn + spec.shape[1]));
  }
}

/** Weights, then first, then second moments, each block by block. */
export function headEntries(head: Head, specs: readonly ParameterSpec[]): NamedArray[][] {
  return KEPT.map(([suffix, name]) =>
    blocks(head.shape.hidden, specs).map((block) => {
      const data = readBlock(head, block, head.arrays[name]);
      return { name: block.spec.name + suffix, shape: block.spec.shape, data };
    }),
  );
}

/** The inverse of `headEntries`. @throws InputError when an array is missing or of another size */
export function restoreHead(
  head: Head,
  specs: readonly ParameterSpec[],
  saved: SavedArrays,
  prefix: string,
): void {
  for (const [suffix, name] of KEPT) {
    for (const block of blocks(head.shape.hidden, specs)) {
      const { shape } = block.spec;
      const data = savedArray(saved, prefix + block.spec.name + suffix, shape[0] * shape[1]);
      writeBlock(head, block, head.arrays[name], data);
    }
  }
}

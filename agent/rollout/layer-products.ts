import { layerSizes, type MlpShape } from "../model/network.js";

/** Columns of a tile. */
const TILE = 8;

const tilesOf = (size: number) => Math.ceil(size / TILE);
const widthOf = (size: number) => tilesOf(size) * TILE;
/**
 * Rows of a tile come in pairs, so an odd number of them gets one more of zeros. An infinite number times those zeros is NaN, which
 * planners take for the worst cost as they do infinity.
 */
const paired = (size: number) => size + (size % 2);

/** Groups of a layer's numbers that come one after the other, each of which takes whole tiles. */
export class GroupRun {
  readonly #first: number;
  readonly #groups: number;
  readonly #size: number;

  /** @param size numbers of a group */
  constructor(first: number, groups: number, size: number) {
    this.#first = first;
    this.#groups = groups;
    this.#size = size;
  }

  /** Place of the first number in a row of the layer. */
  get start(): number {
    return this.#first * widthOf(this.#size);
  }

  /** Places from the first number to the last, an even number. */
  get inner(): number {
    return (this.#groups - 1) * widthOf(this.#size) + paired(this.#size);
  }

  get tiles(): number {
    return this.#groups * tilesOf(this.#size);
  }

  /** Places that the groups take. */
  get width(): number {
    return this.tiles * TILE;
  }

  /** Calls with each number's index in the layer, and its place from the start of this run. */
  forEach(visit: (index: number, place: number) => void): void {
    for (let group = 0; group < this.#groups; group++) {
      for (let i = 0; i < this.#size; i++) {
        visit((this.#first + group) * this.#size + i, group * widthOf(this.#size) + i);
      }
    }
  }
}

/** A part of a layer's product with its weights: the numbers of `reads` times weights give the numbers of `writes`. */
export interface Product {
  readonly reads: GroupRun;
  readonly writes: GroupRun;
}

/** How a layer is computed: what it reads and gives as a whole, and the products that make it, which leave out what is known to be zero. */
export interface LayerProducts {
  readonly reads: GroupRun;
  readonly writes: GroupRun;
  /** From what it reads to what it gives. */
  readonly forward: readonly Product[];
  /** From derivatives with respect to what it gives to those with respect to what it reads. */
  readonly backward: readonly Product[];
}

/** The products of all layers of a network; between hidden layers in blocks, see `MlpShape`, one for each block. */
export function layerProducts(shape: MlpShape): LayerProducts[] {
  const { blocks = 1, members = 1 } = shape;
  const count = blocks * members;
  const layers = layerSizes(shape);
  return layers.map(([ins, outs], l) => {
    const readGroups = l === 0 ? 1 : count;
    const writeGroups = l === layers.length - 1 ? 1 : count;
    const read = (first: number, groups: number) => new GroupRun(first, groups, ins / readGroups);
    const write = (first: number, groups: number) => new GroupRun(first, groups, outs / writeGroups);
    const reads = read(0, readGroups);
    const writes = write(0, writeGroups);
    if (count === 1 || readGroups === 1 || writeGroups === 1) {
      return {
        reads,
        writes,
        forward: [{ reads, writes }],
        backward: [{ reads: writes, writes: reads }],
      };
    }
    // A block reads those of its own member up to itself, and is read by those from itself on.
    const each = Array.from({ length: count }, (_, j) => ({ j, before: j % blocks }));
    return {
      reads,
      writes,
      forward: each.map(({ j, before }) => ({ reads: read(j - before, before + 1), writes: write(j, 1) })),
      backward: each.map(({ j, before }) => ({ reads: write(j, blocks - before), writes: read(j, 1) })),
    };
  });
}

/** How many numbers the weights of a product take. */
export function tileNumbers({ reads, writes }: Product): number {
  return reads.inner * writes.width;
}

/**
 * Writes the weights of a product in tiles: tile t holds `[inner, 8]` numbers, contiguous.
 * @param weight between two numbers of the layers, by their indices
 */
export function fillTiles(
  { reads, writes }: Product,
  weight: (read: number, written: number) => number,
  tiles: Float32Array,
): void {
  const { inner } = reads;
  writes.forEach((written, j) => {
    const column = Math.floor(j / TILE) * inner * TILE + (j % TILE);
    reads.forEach((read, k) => {
      tiles[column + k * TILE] = weight(read, written);
    });
  });
}

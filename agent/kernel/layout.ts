import { PAGE_BYTES } from "../../sim/core/wasm.js";

/** Columns of a tile; see `assembly/tile.ts`. */
export const TILE = 16;
/** Pieces that a pass is cut into. Their number is fixed so that sums do not depend on who computes them. */
export const CHUNKS = 32;
/** Where the constants of a minibatch hold the gradient of a drift of 1. */
export const DRIFT_GRADIENT = 6;
/** 4 GiB, all that WebAssembly can address. */
const MAX_PAGES = 65536;
/** Left free at the start of the memory: address 0 means nothing. */
const RESERVED = 1024;

export interface HeadShape {
  /** Outputs of the layer before. */
  readonly hidden: number;
  /** P, generated weights. */
  readonly columns: number;
  /** Targets: one for each earlier task and member. */
  readonly earlier: number;
  /** G, embeddings that a minibatch generates weights for and has a loss of. */
  readonly embeddings: number;
  /** R, embeddings of earlier tasks that a minibatch regularises. */
  readonly regularized: number;
}

/** Where an array lies in the memory. */
interface Place {
  /** In bytes. */
  readonly address: number;
  /** In numbers. */
  readonly length: number;
}

interface Layout {
  readonly bytes: number;
  readonly places: Readonly<Record<keyof HeadArrays, Place>>;
}

/** The arrays of a head, views of its memory. `rows` is `hidden + 1`: the last row is the bias. */
export interface HeadArrays {
  /** Weights, first and second moments in tiles `[tiles, rows, 16]`. */
  readonly w: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  /** Frozen targets `[earlier, columns padded]`. */
  readonly targets: Float32Array;
  /** Generated weights `[G, columns padded]`. */
  readonly generated: Float32Array;
  /** Gradients for generated weights `[G + R, columns padded]`: of the losses, then of the regularised embeddings. */
  readonly d: Float32Array;
  /** Hidden outputs of the embeddings `[G, rows]`, the last entry of each 1. */
  readonly h: Float32Array;
  /** Hidden outputs of the regularised embeddings under the look-ahead `[R, rows]`. */
  readonly ahead: Float32Array;
  /** Hidden outputs of all G + R embeddings times the clip scale, `[rows, G + R]`. */
  readonly scaled: Float32Array;
  /** Constants of a minibatch: those of `fillKernelConstants`, then the gradient of a drift of 1. */
  readonly adam: Float32Array;
  /** Sums of `backward` and `lookAhead` by chunk, `[CHUNKS, max(G, R), rows, 4]`. */
  readonly sums: Float32Array;
  /** Products of the rows of `d` that a look-ahead takes, by chunk, `[CHUNKS, G + R, G + R, 4]`. */
  readonly gram: Float32Array;
  /** One tile for each chunk. */
  readonly scratch: Float32Array;
  /** Addresses of the regularised embeddings' targets `[R]`, 32-bit integers. */
  readonly picks: Float32Array;
}

/** Where the arrays of a head lie. */
export function layout({ hidden, columns, earlier, embeddings: G, regularized: R }: HeadShape): Layout {
  const rows = hidden + 1;
  const padded = Math.ceil(columns / TILE) * TILE;
  // Weights and moments come first: their place does not depend on the number of tasks.
  const lengths: Record<keyof HeadArrays, number> = {
    w: rows * padded,
    m: rows * padded,
    v: rows * padded,
    targets: earlier * padded,
    generated: G * padded,
    d: (G + R) * padded,
    h: G * rows,
    ahead: R * rows,
    scaled: rows * (G + R),
    adam: DRIFT_GRADIENT + 1,
    sums: CHUNKS * Math.max(G, R) * rows * 4,
    gram: CHUNKS * (G + R) ** 2 * 4,
    scratch: CHUNKS * rows * TILE,
    picks: R,
  };
  let end = RESERVED;
  const places = mapValues(lengths, (length) => {
    const address = end;
    // Whole cache lines: alignment decides how the runtime's vectorised loops sum.
    end += Math.ceil(length / TILE) * TILE * 4;
    return { address, length };
  });
  return { bytes: end, places };
}

/** A record with the same names. */
export function mapValues<K extends string, A, B>(
  record: Readonly<Record<K, A>>,
  change: (value: A) => B,
): Record<K, B> {
  const entries = Object.entries<A>(record).map(([name, value]) => [name, change(value)] as const);
  return Object.fromEntries(entries) as Record<K, B>;
}

/** A memory that holds a head, all zeros. @param shared for several threads */
export function headMemory(shape: HeadShape, shared: boolean): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pagesFor(shape), maximum: MAX_PAGES, shared });
}

/**
 * Makes room for another head of the same size with more earlier tasks. Weights and moments stay where they are;
 * views of the memory must be made anew.
 */
export function growHeadMemory(memory: WebAssembly.Memory, shape: HeadShape): void {
  const missing = pagesFor(shape) - memory.buffer.byteLength / PAGE_BYTES;
  if (missing > 0) memory.grow(missing);
}

function pagesFor(shape: HeadShape): number {
  return Math.ceil(layout(shape).bytes / PAGE_BYTES);
}

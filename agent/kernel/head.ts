import { alignedArrays } from "../graph/session.js";
import { instantiateKernel, type Kernel } from "./module.js";

/** Columns of a tile; see `assembly/head.ts`. */
export const TILE = 16;
/** Pieces that a pass is cut into. Their number is fixed so that sums do not depend on who computes them. */
export const CHUNKS = 32;
const PAGE = 65536;
/** Where the constants of a minibatch hold the gradient of a drift of 1. */
const DRIFT_GRADIENT = 6;
/** 4 GiB, all that WebAssembly can address. */
const MAX_PAGES = 65536;
/** Left free at the start of the memory: address 0 means nothing. */
const RESERVED = 1024;

export interface HeadShape {
  /** Outputs of the layer before. */
  readonly hidden: number;
  /** P, generated weights. */
  readonly columns: number;
  /** Earlier tasks with a target. */
  readonly earlier: number;
  /** G, embeddings that a minibatch generates weights for and has a loss of. */
  readonly embeddings: number;
  /** R, earlier tasks that a minibatch regularises. */
  readonly regularized: number;
}

interface Layout {
  readonly bytes: number;
  /** Byte address and length in numbers of each array. */
  readonly arrays: Readonly<Record<keyof HeadArrays, { readonly at: number; readonly length: number }>>;
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
  /** Gradients for generated weights `[G + R, columns padded]`: of the losses, then of the regularised tasks. */
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
  /** Products of the rows of `d` that a look-ahead takes, by chunk, `[CHUNKS, R + 1, R + 1, 4]`. */
  readonly gram: Float32Array;
  /** One tile for each chunk. */
  readonly scratch: Float32Array;
  /** Addresses of the regularised tasks' targets `[R]`, 32-bit integers. */
  readonly picks: Float32Array;
}

function layout({ hidden, columns, earlier, embeddings: G, regularized: R }: HeadShape): Layout {
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
    gram: CHUNKS * (R + 1) ** 2 * 4,
    scratch: CHUNKS * rows * TILE,
    picks: R,
  };
  let at = RESERVED;
  const arrays = Object.fromEntries(
    Object.entries(lengths).map(([name, length]) => {
      const here = at;
      // Whole cache lines: alignment decides how the runtime's vectorised loops sum.
      at += Math.ceil(length / TILE) * TILE * 4;
      return [name, { at: here, length }];
    }),
  );
  return { bytes: at, arrays: arrays as Layout["arrays"] };
}

/** The arrays that the kernel exchanges with the ONNX runtime; of `d` the rows of losses alone. */
export type HeadPorts = Pick<HeadArrays, "generated" | "d" | "h" | "ahead" | "scaled">;

type Addresses = Readonly<Record<keyof HeadArrays, number>>;

/** The passes over a head that the kernel makes, each in `CHUNKS` independent pieces. */
export type HeadPass = "forward" | "backward" | "lookAhead" | "update";

/**
 * The last layer of a hypernetwork with Adam's moments on one WebAssembly memory, and the kernel that works on it.
 * The ONNX runtime reads `generated` and writes into `d` and `ahead` where they lie.
 */
export class Head {
  readonly shape: HeadShape;
  readonly arrays: HeadArrays;
  readonly padded: number;
  readonly rows: number;
  readonly #kernel: Kernel;
  readonly #at: Addresses;
  readonly #own: HeadPorts;
  /**
   * What the ONNX runtime reads and writes. These are the arrays themselves, except on a shared memory, which the
   * runtime refuses: then they are copies, to be exchanged with `send` and `receive`.
   */
  readonly ports: HeadPorts;

  constructor(shape: HeadShape, memory: WebAssembly.Memory) {
    this.shape = shape;
    this.rows = shape.hidden + 1;
    this.padded = Math.ceil(shape.columns / TILE) * TILE;
    const entries = Object.entries(layout(shape).arrays);
    this.arrays = Object.fromEntries(
      entries.map(([name, { at, length }]) => [name, new Float32Array(memory.buffer, at, length)]),
    ) as unknown as HeadArrays;
    this.#at = Object.fromEntries(entries.map(([name, { at }]) => [name, at])) as Addresses;
    const shared = isShared(memory);
    this.#kernel = instantiateKernel(shared ? "shared" : "single", memory);
    const { generated, d, h, ahead, scaled } = this.arrays;
    const ports = { generated, d: d.subarray(0, shape.embeddings * this.padded), h, ahead, scaled };
    this.#own = ports;
    this.ports = shared ? privateCopies(ports) : ports;
  }

  /**
   * Chooses the regularised tasks `[R]` of the next look-ahead.
   * @param driftGradient gradient of the regulariser for a drift of 1
   */
  setPicks(tasks: ArrayLike<number>, driftGradient: number): void {
    const { picks, adam } = this.arrays;
    adam[DRIFT_GRADIENT] = driftGradient;
    const addresses = new Uint32Array(picks.buffer, picks.byteOffset, picks.length);
    for (let j = 0; j < addresses.length; j++) addresses[j] = this.#at.targets + tasks[j] * this.padded * 4;
  }

  /** What `setPicks` was given, as float32. */
  get driftGradient(): number {
    return this.arrays.adam[DRIFT_GRADIENT];
  }

  /** Makes what the runtime wrote into a port visible to the kernel. */
  receive(...names: readonly (keyof HeadPorts)[]): void {
    for (const name of names) if (this.ports !== this.#own) this.#own[name].set(this.ports[name]);
  }

  /** Makes what the kernel wrote visible in a port. */
  send(...names: readonly (keyof HeadPorts)[]): void {
    for (const name of names) if (this.ports !== this.#own) this.ports[name].set(this.#own[name]);
  }

  /** `generated = h · W` for one chunk. */
  forward(chunk: number): void {
    this.#generate(chunk, 0);
  }

  /** `sums = W · d` of the losses' d for one chunk. */
  backward(chunk: number): void {
    const { w, d } = this.#at;
    const tiles = this.#tiles(chunk);
    for (let j = 0; j < this.shape.embeddings; j++) {
      const sums = this.#sums(chunk) + j * this.rows * 16;
      this.#kernel.backward(...tiles, this.rows, w, d + j * this.padded * 4, sums);
    }
  }

  /** The regulariser at Θ + ΔΘ for one chunk. */
  lookAhead(chunk: number): void {
    const { w, m, v, h, ahead, picks, d, adam, scratch, gram } = this.#at;
    const R = this.shape.regularized;
    this.#kernel.lookAhead(
      ...this.#tiles(chunk),
      this.rows,
      w,
      m,
      v,
      h,
      ahead,
      R,
      picks,
      d,
      this.padded * 4,
      this.driftGradient,
      adam,
      scratch + chunk * this.rows * TILE * 4,
      this.#sums(chunk),
      gram + chunk * (R + 1) ** 2 * 16,
    );
  }

  /** Adam's step for one chunk, and what the new weights generate for the new `h`. */
  update(chunk: number): void {
    const { w, m, v, h, scaled, d, adam, generated } = this.#at;
    const { embeddings, regularized } = this.shape;
    const T = embeddings + regularized;
    const stride = this.padded * 4;
    this.#kernel.update(...this.#tiles(chunk), this.rows, w, m, v, scaled, T, d, stride, adam, h, generated);
    this.#generate(chunk, 1);
  }

  /** What the weights generate for the embeddings from `first` on, for one chunk. */
  #generate(chunk: number, first: number): void {
    const { w, h, generated } = this.#at;
    const tiles = this.#tiles(chunk);
    for (let j = first; j < this.shape.embeddings; j++) {
      this.#kernel.forward(...tiles, this.rows, w, h + j * this.rows * 4, generated + j * this.padded * 4);
    }
  }

  #tiles(chunk: number): [first: number, last: number] {
    const tiles = this.padded / TILE;
    return [Math.floor((chunk * tiles) / CHUNKS), Math.floor(((chunk + 1) * tiles) / CHUNKS)];
  }

  #sums(chunk: number): number {
    const { embeddings, regularized } = this.shape;
    return this.#at.sums + chunk * Math.max(embeddings, regularized) * this.rows * 16;
  }
}

function privateCopies(ports: HeadPorts): HeadPorts {
  const names = Object.keys(ports) as (keyof HeadPorts)[];
  const copies = alignedArrays(names.map((name) => ports[name].length));
  return Object.fromEntries(names.map((name, i) => [name, copies[i]])) as unknown as HeadPorts;
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
  const missing = pagesFor(shape) - memory.buffer.byteLength / PAGE;
  if (missing > 0) memory.grow(missing);
}

function pagesFor(shape: HeadShape): number {
  return Math.ceil(layout(shape).bytes / PAGE);
}

function isShared({ buffer }: WebAssembly.Memory): boolean {
  return (buffer as ArrayBuffer | SharedArrayBuffer) instanceof SharedArrayBuffer;
}

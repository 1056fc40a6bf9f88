import { alignedArrays } from "../graph/session.js";
import {
  CHUNKS,
  DRIFT_GRADIENT,
  type HeadArrays,
  type HeadShape,
  layout,
  mapValues,
  TILE,
} from "./layout.js";
import { instantiateKernel, type Kernel, type KernelInstructions } from "./module.js";

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
  readonly #addresses: Addresses;
  /** The ports as the kernel sees them, views of its memory. */
  readonly #kernelPorts: HeadPorts;
  /**
   * What the ONNX runtime reads and writes. These are the arrays themselves, except on a shared memory, which the
   * runtime refuses: then they are copies, to be exchanged with `send` and `receive`.
   */
  readonly ports: HeadPorts;

  constructor(shape: HeadShape, memory: WebAssembly.Memory, instructions: KernelInstructions) {
    this.shape = shape;
    this.rows = shape.hidden + 1;
    this.padded = Math.ceil(shape.columns / TILE) * TILE;
    const { places } = layout(shape);
    this.arrays = mapValues(
      places,
      ({ address, length }) => new Float32Array(memory.buffer, address, length),
    );
    this.#addresses = mapValues(places, ({ address }) => address);
    const shared = isShared(memory);
    this.#kernel = instantiateKernel(instructions, shared, memory);
    const { generated, d, h, ahead, scaled } = this.arrays;
    const ports = { generated, d: d.subarray(0, shape.embeddings * this.padded), h, ahead, scaled };
    this.#kernelPorts = ports;
    this.ports = shared ? privateCopies(ports) : ports;
  }

  /**
   * Chooses what the next look-ahead regularises.
   * @param rows of `targets`, `[R]`
   * @param driftGradient gradient of the regulariser for a drift of 1
   */
  setPicks(rows: ArrayLike<number>, driftGradient: number): void {
    const { picks, adam } = this.arrays;
    adam[DRIFT_GRADIENT] = driftGradient;
    const addresses = new Uint32Array(picks.buffer, picks.byteOffset, picks.length);
    for (let j = 0; j < addresses.length; j++)
      addresses[j] = this.#addresses.targets + rows[j]! * this.padded * 4;
  }

  /** What `setPicks` was given, as float32. */
  get driftGradient(): number {
    return this.arrays.adam[DRIFT_GRADIENT]!;
  }

  /** Makes what the runtime wrote into a port visible to the kernel. */
  receive(...names: readonly (keyof HeadPorts)[]): void {
    for (const name of names)
      if (this.ports !== this.#kernelPorts) this.#kernelPorts[name].set(this.ports[name]);
  }

  /** Makes what the kernel wrote visible in a port. */
  send(...names: readonly (keyof HeadPorts)[]): void {
    for (const name of names)
      if (this.ports !== this.#kernelPorts) this.ports[name].set(this.#kernelPorts[name]);
  }

  /** `generated = h · W` for one chunk. */
  forward(chunk: number): void {
    this.#generate(chunk, 0);
  }

  /** `sums = W · d` of the losses' d for one chunk. */
  backward(chunk: number): void {
    const { w, d } = this.#addresses;
    const tiles = this.#tiles(chunk);
    for (let j = 0; j < this.shape.embeddings; j++) {
      const sums = this.#sums(chunk) + j * this.rows * 16;
      this.#kernel.backward(...tiles, this.rows, w, d + j * this.padded * 4, sums);
    }
  }

  /** The regulariser at Θ + ΔΘ for one chunk. */
  lookAhead(chunk: number): void {
    const { w, m, v, h, ahead, picks, d, adam, scratch, gram } = this.#addresses;
    const { embeddings: G, regularized: R } = this.shape;
    this.#kernel.lookAhead(
      ...this.#tiles(chunk),
      this.rows,
      w,
      m,
      v,
      h,
      G,
      ahead,
      R,
      picks,
      d,
      this.padded * 4,
      this.driftGradient,
      adam,
      scratch + chunk * this.rows * TILE * 4,
      this.#sums(chunk),
      gram + chunk * (G + R) ** 2 * 16,
    );
  }

  /** Adam's step for one chunk, and what the new weights generate for the new `h`. */
  update(chunk: number): void {
    const { w, m, v, h, scaled, d, adam, generated } = this.#addresses;
    const { embeddings, regularized } = this.shape;
    const T = embeddings + regularized;
    const stride = this.padded * 4;
    this.#kernel.update(...this.#tiles(chunk), this.rows, w, m, v, scaled, T, d, stride, adam, h, generated);
    this.#generate(chunk, 1);
  }

  /** What the weights generate for the embeddings from `first` on, for one chunk. */
  #generate(chunk: number, first: number): void {
    const { w, h, generated } = this.#addresses;
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
    return this.#addresses.sums + chunk * Math.max(embeddings, regularized) * this.rows * 16;
  }
}

function privateCopies(ports: HeadPorts): HeadPorts {
  const [generated, d, h, ahead, scaled] = alignedArrays([
    ports.generated.length,
    ports.d.length,
    ports.h.length,
    ports.ahead.length,
    ports.scaled.length,
  ]);
  return { generated, d, h, ahead, scaled };
}

function isShared({ buffer }: WebAssembly.Memory): boolean {
  return (buffer as ArrayBuffer | SharedArrayBuffer) instanceof SharedArrayBuffer;
}

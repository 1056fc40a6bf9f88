import { fixedMemory, instantiate } from "../../sim/core/wasm.js";
import { type Activation, layerSizes, type MlpShape } from "../model/dynamics.js";

/** Functions of `assembly/network.ts`; every address is in bytes, every count in numbers. */
type Kernel = {
  multiply(
    rows: number,
    inner: number,
    tiles: number,
    x: number,
    stride: number,
    w: number,
    start: number,
    out: number,
  ): void;
} & Record<Activation, (y: number, count: number) => void> &
  Record<`${Activation}Slope`, (y: number, d: number, count: number) => void>;

/** Columns of a tile. */
const TILE = 8;
/** Bytes of a float32. */
const NUMBER = 4;
/** Left free at the start of the memory: address 0 means nothing. */
const RESERVED = 1024;

const tilesOf = (size: number) => Math.ceil(size / TILE);
const widthOf = (size: number) => tilesOf(size) * TILE;
/**
 * Rows of a tile come in pairs, so an odd number of them gets one more of zeros. An infinite number times those zeros is NaN, which
 * planners take for the worst cost as they do infinity.
 */
const paired = (size: number) => size + (size % 2);

/** One layer with `ins` inputs and `outs` outputs, and where its arrays begin, in bytes. */
interface LayerPlaces {
  readonly ins: number;
  readonly outs: number;
  /** Weights in tiles of outputs, for the forward pass. */
  readonly forward: number;
  /** Weights in tiles of inputs, for the backward pass. */
  readonly backward: number;
  readonly bias: number;
  /** What it gives at every step, `[H, N, width]`. */
  readonly outputs: number;
}

/** How many rows go through a network at once, and in how many steps. */
export interface PassSizes {
  /** N */
  readonly rows: number;
  /** H */
  readonly steps: number;
}

/**
 * A network in a WebAssembly memory, through which N rows of numbers go in H steps, forwards and then backwards. It keeps the
 * outputs of every layer at every step, which the backward pass needs. The results of a row do not depend on the others.
 */
export class NetworkKernel {
  /** What the network reads at each step, `[H, N, inputStride]`. */
  readonly inputs: Float32Array;
  readonly inputStride: number;
  /** What it gives at each step, `[H, N, outputStride]`. */
  readonly outputs: Float32Array;
  readonly outputStride: number;
  /** Derivatives with respect to one step's outputs, `[N, outputStride]`: what `backward` takes. */
  readonly outputSlopes: Float32Array;
  /** Derivatives with respect to one step's inputs, `[N, inputStride]`: what `backward` gives. */
  readonly inputSlopes: Float32Array;
  readonly #kernel: Kernel;
  readonly #memory: WebAssembly.Memory;
  /** Applies the activation, which follows each layer but the last, to numbers in place. */
  readonly #activate: Kernel["elu"];
  /** Multiplies derivatives by the activation's slope, in place. */
  readonly #timesSlope: Kernel["eluSlope"];
  readonly #rows: number;
  readonly #layers: readonly LayerPlaces[];
  readonly #inputsAt: number;
  /** Zeros, as many as the widest layer has outputs. */
  readonly #zeros: number;
  /** Derivatives with respect to what each layer reads, and to what the last one gives, `[N, width]` each. */
  readonly #slopes: readonly number[];

  constructor(shape: MlpShape, { rows, steps }: PassSizes) {
    let end = RESERVED;
    // Every array begins at a multiple of 64 bytes.
    const place = (numbers: number) => {
      const at = end;
      end += Math.ceil(numbers / 16) * 16 * NUMBER;
      return at;
    };
    const { sizes, activation } = shape;
    this.#rows = rows;
    this.#inputsAt = place(steps * rows * widthOf(sizes[0]!));
    this.#layers = layerSizes(shape).map(([ins, outs]) => ({
      ins,
      outs,
      forward: place(paired(ins) * widthOf(outs)),
      backward: place(paired(outs) * widthOf(ins)),
      bias: place(widthOf(outs)),
      outputs: place(steps * rows * widthOf(outs)),
    }));
    this.#slopes = sizes.map((size) => place(rows * widthOf(size)));
    this.#zeros = place(widthOf(Math.max(...sizes)));
    this.#memory = fixedMemory(end);
    this.#kernel = instantiate<Kernel>("agent/rollout/network.wasm", this.#memory);
    this.#activate = this.#kernel[activation];
    this.#timesSlope = this.#kernel[`${activation}Slope`];
    this.inputStride = widthOf(sizes[0]!);
    this.outputStride = widthOf(sizes.at(-1)!);
    this.inputs = this.#view(this.#inputsAt, steps * rows * this.inputStride);
    this.outputs = this.#view(this.#layers.at(-1)!.outputs, steps * rows * this.outputStride);
    this.inputSlopes = this.#view(this.#slopes[0]!, rows * this.inputStride);
    this.outputSlopes = this.#view(this.#slopes.at(-1)!, rows * this.outputStride);
  }

  /** Number of layers. */
  get layers(): number {
    return this.#layers.length;
  }

  /** Takes weights `[out, in]` and biases `[out]` of the layers in turn, as copies; what follows them is not read. */
  load(parts: readonly Float32Array[]): void {
    this.#layers.forEach(({ ins, outs, forward, backward, bias }, l) => {
      const weights = parts[2 * l]!;
      this.#view(bias, outs).set(parts[2 * l + 1]!);
      const forwardTiles = this.#view(forward, paired(ins) * widthOf(outs));
      const backwardTiles = this.#view(backward, paired(outs) * widthOf(ins));
      for (let o = 0; o < outs; o++) {
        for (let i = 0; i < ins; i++) {
          forwardTiles[inTiles(i, o, paired(ins))] = weights[o * ins + i]!;
          backwardTiles[inTiles(o, i, paired(outs))] = weights[o * ins + i]!;
        }
      }
    });
  }

  /** Puts the inputs of step h, from 0, through the network. */
  forward(h: number): void {
    const rows = this.#rows;
    let [x, stride] = [this.#inputsAt + h * rows * this.inputStride * NUMBER, this.inputStride];
    for (const [l, { ins, outs, forward, bias, outputs }] of this.#layers.entries()) {
      const count = rows * widthOf(outs);
      const y = outputs + h * count * NUMBER;
      this.#kernel.multiply(rows, paired(ins), tilesOf(outs), x, stride * NUMBER, forward, bias, y);
      if (l < this.#layers.length - 1) this.#activate(y, count);
      [x, stride] = [y, widthOf(outs)];
    }
  }

  /** Turns `outputSlopes` of step h into `inputSlopes`; the step's forward pass has been made. */
  backward(h: number): void {
    const rows = this.#rows;
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const { ins, outs, backward } = this.#layers[l]!;
      const [to, from] = [this.#slopes[l]!, this.#slopes[l + 1]!];
      const stride = widthOf(outs) * NUMBER;
      this.#kernel.multiply(rows, paired(outs), tilesOf(ins), from, stride, backward, this.#zeros, to);
      if (l === 0) return;
      const count = rows * widthOf(ins);
      const y = this.#layers[l - 1]!.outputs + h * count * NUMBER;
      this.#timesSlope(y, to, count);
    }
  }

  #view(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }
}

/** Where a number of row k and column j lies in tiles of `rows` rows. */
function inTiles(k: number, j: number, rows: number): number {
  return (Math.floor(j / TILE) * rows + k) * TILE + (j % TILE);
}

import { fixedMemory, instantiate } from "../../sim/core/wasm.js";
import type { Activation, MlpShape } from "../model/network.js";
import { fillTiles, type GroupRun, layerProducts, type Product, tileNumbers } from "./layer-products.js";

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
    outStride: number,
  ): void;
} & Record<Activation, (y: number, count: number) => void> &
  Record<`${Activation}Slope`, (y: number, d: number, count: number) => void>;

/** Bytes of a float32. */
const NUMBER = 4;
/** Left free at the start of the memory: address 0 means nothing. */
const RESERVED = 1024;

/** A product, and where its weights begin, in bytes. */
interface PlacedProduct extends Product {
  readonly weights: number;
}

/** One layer, and where its arrays begin, in bytes. */
interface LayerPlaces {
  readonly reads: GroupRun;
  readonly writes: GroupRun;
  readonly forward: readonly PlacedProduct[];
  readonly backward: readonly PlacedProduct[];
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
    const placed = (products: readonly Product[]) =>
      products.map((product) => ({ ...product, weights: place(tileNumbers(product)) }));
    const layers = layerProducts(shape);
    const widths = [layers[0]!.reads, ...layers.map(({ writes }) => writes)].map(({ width }) => width);
    this.#rows = rows;
    this.inputStride = widths[0]!;
    this.outputStride = widths.at(-1)!;
    this.#inputsAt = place(steps * rows * this.inputStride);
    this.#layers = layers.map(({ reads, writes, forward, backward }) => ({
      reads,
      writes,
      forward: placed(forward),
      backward: placed(backward),
      bias: place(writes.width),
      outputs: place(steps * rows * writes.width),
    }));
    this.#slopes = widths.map((width) => place(rows * width));
    this.#zeros = place(Math.max(...widths));
    this.#memory = fixedMemory(end);
    this.#kernel = instantiate<Kernel>("agent/rollout/network.wasm", this.#memory);
    this.#activate = this.#kernel[shape.activation];
    this.#timesSlope = this.#kernel[`${shape.activation}Slope`];
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
    this.#layers.forEach(({ writes, forward, backward, bias }, l) => {
      const weights = parts[2 * l]!;
      const ins = weights.length / parts[2 * l + 1]!.length;
      const biases = this.#view(bias, writes.width);
      writes.forEach((o, place) => {
        biases[place] = parts[2 * l + 1]![o]!;
      });
      for (const product of forward) {
        fillTiles(product, (i, o) => weights[o * ins + i]!, this.#tiles(product));
      }
      for (const product of backward) {
        fillTiles(product, (o, i) => weights[o * ins + i]!, this.#tiles(product));
      }
    });
  }

  /** Puts the inputs of step h, from 0, through the network. */
  forward(h: number): void {
    const rows = this.#rows;
    let x = this.#inputsAt + h * rows * this.inputStride * NUMBER;
    for (const [l, { reads, writes, forward, bias, outputs }] of this.#layers.entries()) {
      const count = rows * writes.width;
      const y = outputs + h * count * NUMBER;
      for (const product of forward) this.#multiply(product, x, reads, bias, y, writes);
      if (l < this.#layers.length - 1) this.#activate(y, count);
      x = y;
    }
  }

  /** Turns `outputSlopes` of step h into `inputSlopes`; the step's forward pass has been made. */
  backward(h: number): void {
    const rows = this.#rows;
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const { reads, writes, backward } = this.#layers[l]!;
      const [to, from] = [this.#slopes[l]!, this.#slopes[l + 1]!];
      for (const product of backward) this.#multiply(product, from, writes, this.#zeros, to, reads);
      if (l === 0) return;
      const count = rows * reads.width;
      const y = this.#layers[l - 1]!.outputs + h * count * NUMBER;
      this.#timesSlope(y, to, count);
    }
  }

  /** Adds a product of rows at `x`, which take the places of `xs`, to those numbers at `start` that it gives; writes them to rows at `y`. */
  #multiply(
    { reads, writes, weights }: PlacedProduct,
    x: number,
    xs: GroupRun,
    start: number,
    y: number,
    ys: GroupRun,
  ): void {
    const [from, to] = [reads.start * NUMBER, writes.start * NUMBER];
    this.#kernel.multiply(
      this.#rows,
      reads.inner,
      writes.tiles,
      x + from,
      xs.width * NUMBER,
      weights,
      start + to,
      y + to,
      ys.width * NUMBER,
    );
  }

  #tiles(product: PlacedProduct): Float32Array {
    return this.#view(product.weights, tileNumbers(product));
  }

  #view(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }
}

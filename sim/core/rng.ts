import { createHash } from "node:crypto";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { JumpableRandomGenerator } from "pure-rand/types/JumpableRandomGenerator";
import { NOISE_STATE, noise } from "./noise.js";

/** Everything needed to continue a stream: its name and the generator's four 32-bit words. */
export interface RngState {
  readonly path: string;
  readonly words: readonly number[];
}

const TWO_POW_MINUS_32 = 2 ** -32;
const TWO_POW_MINUS_53 = 2 ** -53;

/**
 * A seeded random stream (xoroshiro128+) that is split by purpose: `split` depends on the names only, never on
 * how much was drawn, so adding draws in one place changes nothing elsewhere.
 */
export class Rng {
  readonly path: string;
  readonly #generator: JumpableRandomGenerator;

  private constructor(path: string, generator: JumpableRandomGenerator) {
    this.path = path;
    this.#generator = generator;
  }

  /** A generator that starts from a seed, an integer from 0 to 2³² - 1. */
  static fromSeed(seed: number): Rng {
    return Rng.#fromPath(`seed:${seed}`);
  }

  /** A generator that goes on where the saved one was. */
  static fromState(state: RngState): Rng {
    return new Rng(state.path, xoroshiro128plusFromState(state.words));
  }

  static #fromPath(path: string): Rng {
    const digest = createHash("sha256").update(path).digest();
    const words = [0, 4, 8, 12].map((at) => digest.readInt32LE(at));
    return new Rng(path, xoroshiro128plusFromState(words));
  }

  /** A stream of its own for one purpose, e.g. `rng.split("planner")`. */
  split(purpose: string): Rng {
    return Rng.#fromPath(`${this.path}/${purpose}`);
  }

  /** What decides all further numbers, as a copy. */
  state(): RngState {
    return { path: this.path, words: [...this.#generator.getState()] };
  }

  /** Uniform 32-bit unsigned integer. */
  uint32(): number {
    return this.#generator.next() >>> 0;
  }

  /** Uniform in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.#generator.next() >>> 5;
    const low = this.#generator.next() >>> 6;
    return (high * 67108864 + low) * TWO_POW_MINUS_53;
  }

  /** Uniform integer in [0, n) without modulo bias beyond 2^-32. */
  integer(n: number): number {
    return Math.floor(this.uint32() * TWO_POW_MINUS_32 * n);
  }

  /** Standard normal number. */
  normal(): number {
    return ziggurat(this.#generator);
  }

  /**
   * Fills with independent standard normal numbers. This stream gives the starting state of a vectorised generator;
   * where WebAssembly has no SIMD the numbers are other ones, drawn one by one.
   */
  fillNormal(out: Float32Array): void {
    if (noise === undefined) {
      for (let i = 0; i < out.length; i++) out[i] = this.normal();
      return;
    }
    const words = Int32Array.from({ length: NOISE_STATE }, () => this.#generator.next());
    noise.fill(words, out);
  }
}

// Ziggurat of 128 layers: Marsaglia & Tsang, "The Ziggurat Method for Generating Random Variables" (2000). The
// layer comes from the upper bits of its own draw because the lower bits of xoroshiro128+ are the weaker ones.
const LAYERS = 128;
const TAIL = 3.442619855899;
const AREA = 9.91256303526217e-3;
const tables = buildTables();

function buildTables() {
  const ratio = new Float64Array(LAYERS);
  const width = new Float64Array(LAYERS);
  const density = new Float64Array(LAYERS);
  const scale = 2147483648;
  let edge = TAIL;
  let previous = TAIL;
  const base = AREA / Math.exp(-0.5 * TAIL * TAIL);
  ratio[0] = (edge / base) * scale;
  ratio[1] = 0;
  width[0] = base / scale;
  width[LAYERS - 1] = edge / scale;
  density[0] = 1;
  density[LAYERS - 1] = Math.exp(-0.5 * edge * edge);
  for (let i = LAYERS - 2; i >= 1; i--) {
    edge = Math.sqrt(-2 * Math.log(AREA / edge + Math.exp(-0.5 * edge * edge)));
    ratio[i + 1] = (edge / previous) * scale;
    previous = edge;
    density[i] = Math.exp(-0.5 * edge * edge);
    width[i] = edge / scale;
  }
  return { ratio, width, density };
}

function positiveUniform(generator: JumpableRandomGenerator): number {
  return ((generator.next() >>> 0) + 0.5) * TWO_POW_MINUS_32;
}

function ziggurat(generator: JumpableRandomGenerator): number {
  const { ratio, width, density } = tables;
  for (;;) {
    const draw = generator.next() | 0;
    const layer = (generator.next() >>> 25) & (LAYERS - 1);
    const x = draw * width[layer]!;
    if (Math.abs(draw) < ratio[layer]!) return x;
    if (layer === 0) {
      let tail: number;
      let height: number;
      do {
        tail = -Math.log(positiveUniform(generator)) / TAIL;
        height = -Math.log(positiveUniform(generator));
      } while (2 * height < tail * tail);
      return draw > 0 ? TAIL + tail : -TAIL - tail;
    }
    const f = density[layer]! + positiveUniform(generator) * (density[layer - 1]! - density[layer]!);
    if (f < Math.exp(-0.5 * x * x)) return x;
  }
}

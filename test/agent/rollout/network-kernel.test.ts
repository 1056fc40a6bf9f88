import { describe, expect, it } from "vitest";
import { layerSizes, type MlpShape } from "../../../agent/model/network.js";
import { NetworkKernel } from "../../../agent/rollout/network-kernel.js";
import { Rng } from "../../../sim/core/rng.js";
import { bits, normals, relativeError } from "../fixtures.js";

const F = {
  relu: { value: (x: number) => Math.max(x, 0), slope: (x: number) => (x > 0 ? 1 : 0) },
  elu: { value: (x: number) => (x > 0 ? x : Math.expm1(x)), slope: (x: number) => Math.exp(Math.min(x, 0)) },
  tanh: { value: Math.tanh, slope: (x: number) => 1 - Math.tanh(x) ** 2 },
};

/** Layers `[out, in]` and `[out]` in turn. */
function layers(shape: MlpShape, rng: Rng): Float32Array[] {
  return layerSizes(shape).flatMap(([ins, outs]) => [
    normals(rng, ins * outs, 1 / Math.sqrt(ins)),
    normals(rng, outs, 0.2),
  ]);
}

/** Outputs of one row in float64, and the derivatives of slopes · outputs with respect to it. */
function reference(
  shape: MlpShape,
  parts: readonly Float32Array[],
  x: ArrayLike<number>,
  slopes: ArrayLike<number>,
) {
  const { value, slope } = F[shape.activation];
  const sizes = layerSizes(shape);
  const sums: number[][] = [];
  let y = [...Array.from(x)];
  sizes.forEach(([ins, outs], l) => {
    const sum = Array.from({ length: outs }, (_, o) =>
      y.reduce((s, v, i) => s + v * parts[2 * l]![o * ins + i]!, parts[2 * l + 1]![o]!),
    );
    sums.push(sum);
    y = l === sizes.length - 1 ? sum : sum.map(value);
  });
  let d = [...Array.from(slopes)];
  for (let l = sizes.length - 1; l >= 0; l--) {
    const [ins, outs] = sizes[l]!;
    const through = l === sizes.length - 1 ? d : d.map((v, o) => v * slope(sums[l]![o]!));
    d = Array.from({ length: ins }, (_, i) => {
      let sum = 0;
      for (let o = 0; o < outs; o++) sum += through[o]! * parts[2 * l]![o * ins + i]!;
      return sum;
    });
  }
  return { y, d };
}

const SHAPES: readonly MlpShape[] = [
  { sizes: [3, 5, 2], activation: "relu" },
  { sizes: [16, 100, 100, 10], activation: "elu" },
  { sizes: [33, 17, 8, 26], activation: "tanh" },
  { sizes: [1, 1, 1], activation: "elu" },
  { sizes: [7, 4], activation: "elu" },
];

describe.each(SHAPES)("$sizes $activation", (shape) => {
  const rng = Rng.fromSeed(3);
  const parts = layers(shape, rng);
  const [I, O] = [shape.sizes[0]!, shape.sizes.at(-1)!];

  it.each([1, 2, 3, 4, 5, 6, 13])("goes forwards and backwards with %d rows, step after step", (rows) => {
    const steps = 3;
    const kernel = new NetworkKernel(shape, { rows, steps });
    kernel.load(parts);
    const [x, slopes] = [normals(rng, steps * rows * I), normals(rng, steps * rows * O)];
    const wanted = Array.from({ length: steps * rows }, (_, k) =>
      reference(shape, parts, x.subarray(k * I, (k + 1) * I), slopes.subarray(k * O, (k + 1) * O)),
    );
    for (let k = 0; k < steps * rows; k++)
      kernel.inputs.set(x.subarray(k * I, (k + 1) * I), k * kernel.inputStride);
    for (let h = 0; h < steps; h++) kernel.forward(h);
    for (let h = steps - 1; h >= 0; h--) {
      for (let n = 0; n < rows; n++) {
        const k = h * rows + n;
        kernel.outputSlopes.set(slopes.subarray(k * O, (k + 1) * O), n * kernel.outputStride);
      }
      kernel.backward(h);
      for (let n = 0; n < rows; n++) {
        const { y, d } = wanted[h * rows + n]!;
        const from = (h * rows + n) * kernel.outputStride;
        expect(relativeError(kernel.outputs.subarray(from, from + O), y)).toBeLessThan(2e-6);
        const at = n * kernel.inputStride;
        // Where no relu is open both are zero.
        const size = d.some((v) => v !== 0) ? relativeError(kernel.inputSlopes.subarray(at, at + I), d) : 0;
        expect(size).toBeLessThan(5e-6);
      }
    }
  });

  it("computes a row's bits whatever the others are", () => {
    const x = normals(rng, 9 * I);
    const outputs = (rows: number, first: number) => {
      const kernel = new NetworkKernel(shape, { rows, steps: 1 });
      kernel.load(parts);
      for (let n = 0; n < rows; n++)
        kernel.inputs.set(x.subarray((first + n) * I, (first + n + 1) * I), n * kernel.inputStride);
      kernel.forward(0);
      return Array.from({ length: rows }, (_, n) => {
        return bits(kernel.outputs.slice(n * kernel.outputStride, n * kernel.outputStride + O)).toString(
          "hex",
        );
      });
    };
    const all = outputs(9, 0);
    for (const [rows, first] of [
      [1, 0],
      [1, 8],
      [4, 3],
      [5, 4],
      [7, 1],
    ] as const)
      expect(outputs(rows, first)).toEqual(all.slice(first, first + rows));
  });
});

describe.each(["relu", "elu", "tanh"] as const)("%s", (activation) => {
  /** What comes out of one hidden number that is x, and the derivative. */
  const shape: MlpShape = { sizes: [1, 1, 1], activation };
  const kernel = new NetworkKernel(shape, { rows: 1, steps: 1 });
  kernel.load([1, 0, 1, 0].map((v) => Float32Array.of(v)));
  kernel.outputSlopes[0] = 1;
  const at = (x: number): [value: number, slope: number] => {
    kernel.inputs[0] = x;
    kernel.forward(0);
    kernel.backward(0);
    return [kernel.outputs[0]!, kernel.inputSlopes[0]!];
  };

  it("is right to the last digits for numbers of any size", () => {
    for (const sign of [-1, 1])
      for (let x = 1e-6; x < 1e4; x *= 1.13) {
        const input = Math.fround(sign * x);
        const [value, slope] = at(input);
        const [wanted, wantedSlope] = [F[activation].value(input), F[activation].slope(input)];
        expect(Math.abs(value - wanted), `${input}`).toBeLessThanOrEqual(4e-7 * Math.abs(wanted));
        expect(Math.abs(slope - wantedSlope), `${input}`).toBeLessThanOrEqual(4e-7);
      }
    expect(at(0)[0]).toBe(0);
  });

  it("keeps what is no number, and takes the largest numbers to the ends", () => {
    const largest = Math.fround(3e38);
    expect(at(Number.NaN)[0]).toBeNaN();
    expect(at(largest)[0]).toBe(activation === "tanh" ? 1 : largest);
    expect(at(-largest)[0]).toBe(activation === "relu" ? 0 : -1);
  });
});

import type { Rng } from "../../sim/core/rng.js";
import { Graph } from "../graph/graph.js";
import { alignedArray, Session, tensor } from "../graph/session.js";
import {
  BASE_SCALE,
  drawStart,
  generatedCount,
  type HypernetworkShape,
  hyperfanScales,
  hypernetwork,
  hypernetworkParameters,
} from "../model/hypernetwork.js";
import { outputForm } from "../model/outputs/outputs.js";
import type { ParameterGroup } from "../model/parameters.js";

/** What the names of Θ's arrays begin with in a checkpoint. */
export const THETA_PREFIX = "hypernetwork.";

/** Holds Θ, the parameters of a hypernetwork. */
export interface ThetaHolder {
  /** Draws Θ and clears the moments. */
  initialize(rng: Rng): void;
  /** `h(e; Θ)`, `[Q]`. */
  generate(e: Float32Array): Promise<Float32Array>;
  /** Multiplies the head's weights by a factor for each generated number, `[Q]`. */
  scaleColumns(scales: Float32Array): void;
  /** Sets the head's biases `[Q]`. */
  setBias(values: Float32Array): void;
}

/** Θ for ONNX graphs: the first parameters of a group. */
export class GraphTheta implements ThetaHolder {
  readonly group: ParameterGroup;
  readonly #shape: HypernetworkShape;
  #session: Session | undefined;

  /** @param group Θ, and after it what is trained together with it */
  constructor(shape: HypernetworkShape, group: ParameterGroup) {
    this.#shape = shape;
    this.group = group;
  }

  /** Draws the whole group; see `ParameterSpec.bound`. */
  initialize(rng: Rng): void {
    this.group.initialize(rng);
  }

  scaleColumns(scales: Float32Array): void {
    let column = 0;
    this.group.specs.forEach(({ name, shape: [rows, columns] }, i) => {
      if (!/(^|\.)head\.\d+\.weight$/.test(name)) return;
      const values = this.group.values(i);
      for (let k = 0; k < rows * columns; k++) values[k]! *= scales[column + (k % columns)]!;
      column += columns;
    });
  }

  setBias(bias: Float32Array): void {
    let column = 0;
    this.group.specs.forEach(({ name, shape: [, columns] }, i) => {
      if (!/(^|\.)head\.\d+\.bias$/.test(name)) return;
      this.group.values(i).set(bias.subarray(column, column + columns));
      column += columns;
    });
  }

  async generate(e: Float32Array): Promise<Float32Array> {
    this.#session ??= await Session.create(this.#graph());
    const Q = generatedCount(this.#shape);
    const input = alignedArray(e.length);
    input.set(e);
    const generated = alignedArray(Q);
    await this.#session.run(
      { e: tensor(input, [1, e.length]), ...this.group.feeds(false) },
      { generated: tensor(generated, [1, Q]) },
    );
    return generated;
  }

  async release(): Promise<void> {
    await this.#session?.release();
  }

  #graph(): Graph {
    const g = new Graph();
    const input = g.input("e", [1, this.#shape.embedding]);
    const { length } = hypernetworkParameters(this.#shape);
    const theta = this.group.declare(g, false).slice(0, length);
    g.output("generated", hypernetwork(this.#shape, theta, input));
    return g;
  }
}

/** Draws the embedding that a task starts with: E standard normal numbers. */
export function drawEmbedding({ embedding }: HypernetworkShape, rng: Rng): Float32Array {
  return Float32Array.from({ length: embedding }, () => rng.normal());
}

/** Draws Θ, and scales its head for the first task's embedding where shape or form of output ask for it. */
export async function initializeTheta(
  theta: ThetaHolder,
  shape: HypernetworkShape,
  e: Float32Array,
  rng: Rng,
): Promise<void> {
  theta.initialize(rng);
  const { init, output = "full" } = shape;
  if (init === "xavier" && output === "full") return;
  const { parts } = outputForm(shape);
  const scales = hyperfanScales(parts, await theta.generate(e));
  if (init !== "base") return theta.scaleColumns(scales);
  theta.scaleColumns(scales.map((scale) => BASE_SCALE * scale));
  theta.setBias(drawStart(parts, rng.split("bias")));
}

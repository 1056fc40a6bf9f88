import { Graph } from "../graph/graph.js";
import { alignedArray, Session, tensor } from "../graph/session.js";
import type { HypernetworkShape } from "../model/hypernetwork.js";
import { weightCount } from "../model/network.js";
import { outputForm } from "../model/outputs/outputs.js";

/** Makes the weights of dynamics networks from what is generated for them; see `OutputForm`. */
export class Materializer {
  readonly #shape: HypernetworkShape;
  readonly #members: number;
  #session: Session | undefined;

  /** @param members G, networks at a time */
  constructor(shape: HypernetworkShape, members: number) {
    this.#shape = shape;
    this.#members = members;
  }

  /**
   * @param generated `[G, Q]`
   * @param base `[G, P]`, where the form has one
   * @returns `[G, P]`; the same array where the numbers are the weights
   */
  async weights(generated: Float32Array, base?: Float32Array): Promise<Float32Array> {
    const { output = "full", target } = this.#shape;
    if (output === "full") return generated;
    this.#session ??= await Session.create(this.#graph());
    const G = this.#members;
    const feeds = { generated: this.#rows(generated), ...(base && { base: this.#rows(base) }) };
    const weights = alignedArray(G * weightCount(target));
    await this.#session.run(feeds, { weights: tensor(weights, [G, weightCount(target)]) });
    return weights;
  }

  /** Frees what the runtime holds. */
  async release(): Promise<void> {
    await this.#session?.release();
  }

  #rows(values: Float32Array) {
    const aligned = alignedArray(values.length);
    aligned.set(values);
    return tensor(aligned, [this.#members, values.length / this.#members]);
  }

  #graph(): Graph {
    const g = new Graph();
    const form = outputForm(this.#shape);
    const generated = g.input("generated", [this.#members, form.count]);
    const P = weightCount(this.#shape.target);
    const base = form.hasBase ? g.input("base", [this.#members, P]) : undefined;
    g.output("weights", form.weights(generated, base));
    return g;
  }
}

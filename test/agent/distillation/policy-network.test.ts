import { expect, it } from "vitest";
import { PolicyNetwork, policyShape } from "../../../agent/distillation/policy-network.js";
import { Graph } from "../../../agent/graph/graph.js";
import { Session, tensor } from "../../../agent/graph/session.js";
import { mlp, networkFromFlat, weightCount } from "../../../agent/model/network.js";
import { Rng } from "../../../sim/core/rng.js";
import { createReacherTask } from "../../../tasks/reacher/reacher.js";
import { normals, relativeError } from "../fixtures.js";

const { spec } = createReacherTask(0.5);
const shape = policyShape(spec, 0);
const I = 8;
const normalizer = (scale: number) => ({
  inputMean: new Float32Array(I).map((_, i) => i / 10),
  inputScale: new Float32Array(I).map((_, i) => 1 + i),
  targetMean: Float32Array.of(0.05, -0.1),
  targetStd: Float32Array.of(scale, 2 * scale),
});

/** φ(s): two angles, each by cosine and sine, then four numbers as they are. */
const features = ([a, b, ...rest]: readonly number[]) =>
  [a!, b!].flatMap((angle) => [Math.cos(angle), Math.sin(angle)]).concat(rest);

async function byRuntime(weights: Float32Array, scaled: readonly number[]): Promise<number[]> {
  const g = new Graph();
  const network = networkFromFlat(g.input("weights", [1, weights.length]), shape);
  g.output("y", mlp(network.layers, shape.activation, g.input("x", [1, I])));
  const session = await Session.create(g);
  const y = new Float32Array(2);
  await session.run(
    { weights: tensor(weights, [1, weights.length]), x: tensor(Float32Array.from(scaled), [1, I]) },
    { y: tensor(y, [1, 2]) },
  );
  await session.release();
  return [...y];
}

it("acts as the runtime computes its network, from the scaled features of a state to actions in their own unit", async () => {
  expect(shape).toEqual({ sizes: [I, 64, 64, 2], activation: "tanh" });
  const rng = Rng.fromSeed(5);
  const weights = normals(rng, weightCount(shape), 0.15);
  const arrays = normalizer(0.2);
  const network = new PolicyNetwork(spec, 0, { weights, normalizer: arrays });
  for (let k = 0; k < 5; k++) {
    const state = [...normals(rng, 6)];
    const scaled = features(state).map((x, i) => (x - arrays.inputMean[i]!) * arrays.inputScale[i]!);
    const y = await byRuntime(weights, scaled);
    const wanted = y.map((value, u) =>
      Math.min(Math.max(value * arrays.targetStd[u]! + arrays.targetMean[u]!, -1), 1),
    );
    expect(relativeError([...network.act(state)], wanted)).toBeLessThan(1e-5);
  }
});

it("stays within the bounds of actions", () => {
  const weights = new Float32Array(weightCount(shape));
  // The last layer's biases, with all weights 0.
  weights.set([50, -50], weights.length - 2);
  const network = new PolicyNetwork(spec, 0, { weights, normalizer: normalizer(1) });
  expect([...network.act(new Float32Array(6))]).toEqual([1, -1]);
});

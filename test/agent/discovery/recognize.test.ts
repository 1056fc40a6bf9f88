import { expect, it } from "vitest";
import type { HeldTransition } from "../../../agent/discovery/held-transitions.js";
import { type KnownModel, recognize } from "../../../agent/discovery/recognize.js";
import { Rng } from "../../../sim/core/rng.js";

/** A model of one number that predicts a share of its input, without hidden layers. */
function linear(index: number, slope: number): KnownModel {
  const one = Float32Array.of(1);
  const zero = Float32Array.of(0);
  return {
    index,
    scale: Float32Array.of(0.1),
    dynamics: {
      shape: { sizes: [1, 1], activation: "tanh" },
      weights: Float32Array.of(slope, 0),
      normalizer: { inputMean: zero, inputScale: one, targetMean: zero, targetStd: one },
    },
  };
}

/** Transitions of a system with a slope, off by noise. */
function transitions(slope: number, noise = 0.1): HeldTransition[] {
  const rng = Rng.fromSeed(5);
  return Array.from({ length: 30 }, () => {
    const x = 2 * rng.normal();
    const input = Float32Array.of(x);
    const target = Float32Array.of(slope * x + noise * rng.normal());
    return { input, target, residuals: Float64Array.of(0), share: 1 };
  });
}

const HOW = { rise: 3, threshold: 10 };

it("finds the known task whose model explains what happened, and none where no model does", () => {
  const known = [linear(0, 1), linear(2, -1), linear(3, 0.5)];
  expect(recognize(transitions(-1), known, HOW)).toBe(2);
  expect(recognize(transitions(0.5), known, HOW)).toBe(3);
  expect(recognize(transitions(3), known, HOW)).toBeUndefined();
  expect(recognize(transitions(3), [], HOW)).toBeUndefined();
});

it("chooses the most probable one of several that explain it", () => {
  const known = [linear(0, 1), linear(1, 1.05)];
  expect(recognize(transitions(1, 0.02), known, HOW)).toBe(0);
  expect(recognize(transitions(1.05, 0.02), known, HOW)).toBe(1);
});

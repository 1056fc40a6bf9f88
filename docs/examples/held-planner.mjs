// @ts-check
// A planner of one's own: it tries actions that are held for the whole horizon, and executes the best of them.
// Try it with `hypercrl train --planner ./held-planner.mjs`; what each member must do: docs/guides/own-planner.md.
import { Rng } from "hypercrl";

const SAMPLES = 64;

export default {
  name: "held",
  summary: "the best of 64 random actions, each held for the whole horizon",
  settings: {},
  create({ horizon, low, high }, _settings, stream) {
    let rng = stream;
    const width = low.length; // U
    const held = new Float32Array(SAMPLES * width); // [N, U]
    const sequences = new Float32Array(horizon * held.length); // [H, N, U]
    let order = Array.from({ length: SAMPLES }, (_, n) => n); // best first

    // The sequences of some samples, one after the other: [K, H, U].
    const sequencesOf = (samples) => {
      const out = new Float32Array(samples.length * horizon * width);
      samples.forEach((n, k) => {
        for (let h = 0; h < horizon; h++)
          out.set(held.subarray(n * width, (n + 1) * width), (k * horizon + h) * width);
      });
      return out;
    };

    return {
      async plan(cost) {
        for (let i = 0; i < held.length; i++) {
          const u = i % width;
          held[i] = low[u] + (high[u] - low[u]) * rng.uniform();
        }
        for (let h = 0; h < horizon; h++) sequences.set(held, h * held.length);
        const costs = Array.from(await cost(sequences, SAMPLES), (c) => (Number.isFinite(c) ? c : Infinity));
        order = costs.map((_, n) => n).sort((a, b) => costs[a] - costs[b]);
        return held.slice(order[0] * width, (order[0] + 1) * width);
      },
      plans: (most) => ({
        chosen: sequencesOf(order.slice(0, 1)),
        others: sequencesOf(order.slice(1, most + 1)),
      }),
      // Nothing is carried over from step to step; only the random stream goes on.
      reset() {},
      state: () => ({ rng: rng.state(), arrays: {} }),
      restore(state) {
        rng = Rng.fromState(state.rng);
      },
    };
  },
};

// @ts-check
// A planner of one's own: it tries actions that are held for the whole horizon, and executes the best of them.
// Try it with `hypercrl train --planner ./held-planner.mjs`; what each member must do: docs/guides/own-planner.md.
import { definePlanner, plannerFields, Rng, z } from "hypercrl";

export default definePlanner({
  name: "held",
  summary: "the best of some random actions, each held for the whole horizon",
  settings: {
    // A setting that several planners share is the very field of plannerFields; one of its own has another name.
    samples: plannerFields.samples,
    reach: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .describe("Share of each action's range that actions are drawn from."),
  },
  create({ horizon, low, high }, { samples, reach }, stream) {
    let rng = stream;
    const width = low.length; // U
    const held = new Float32Array(samples * width); // [N, U]
    const sequences = new Float32Array(horizon * held.length); // [H, N, U]
    let order = Array.from({ length: samples }, (_, n) => n); // best first

    // The sequences of some samples, one after the other: [K, H, U].
    const sequencesOf = (chosen) => {
      const out = new Float32Array(chosen.length * horizon * width);
      chosen.forEach((n, k) => {
        for (let h = 0; h < horizon; h++)
          out.set(held.subarray(n * width, (n + 1) * width), (k * horizon + h) * width);
      });
      return out;
    };

    return {
      async plan(cost) {
        for (let i = 0; i < held.length; i++) {
          const u = i % width;
          const middle = (low[u] + high[u]) / 2;
          held[i] = middle + reach * (high[u] - low[u]) * (rng.uniform() - 0.5);
        }
        for (let h = 0; h < horizon; h++) sequences.set(held, h * held.length);
        const costs = Array.from(await cost(sequences, samples), (c) => (Number.isFinite(c) ? c : Infinity));
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
});

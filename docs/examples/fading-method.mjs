// @ts-check
// A method of one's own: one network goes on from task to task, as with finetune, but trains less on each further task.
// Try it with `hypercrl train --method ./fading-method.mjs`; what each member must do: docs/guides/own-method.md.
import { builtinCatalog } from "hypercrl";

const finetune = builtinCatalog.methods.find(({ name }) => name === "finetune");
if (finetune === undefined) throw new Error("hypercrl has no method finetune");

export default {
  name: "fading",
  summary: "one network that trains half as much on the second task, a third as much on the third, …",
  create(options, settings) {
    const inner = finetune.create(options, settings, {});
    let task = 0;
    return {
      async beginTask(index) {
        task = index;
        await inner.beginTask(index);
      },
      train: (data, normalizer, iterations, rng) =>
        inner.train(data, normalizer, Math.ceil(iterations / (task + 1)), rng),
      endTask: (data, normalizer, rng) => inner.endTask(data, normalizer, rng),
      weights: (index) => inner.weights(index),
      // The task is part of what a run needs to continue.
      async state() {
        const { arrays, numbers } = await inner.state();
        return { arrays, numbers: { ...numbers, fadingTask: task } };
      },
      async restore(state) {
        task = state.numbers.fadingTask;
        await inner.restore(state);
      },
      release: () => inner.release(),
    };
  },
};

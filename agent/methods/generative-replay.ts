import { z } from "zod";
import { countField, type SettingValues } from "../../sim/core/setting-fields.js";
import { inputSize, type MlpShape } from "../model/network.js";
import { type AutoencoderShape, autoencoderCount } from "../model/variational-autoencoder.js";
import { GeneratedMemory } from "./generated-memory.js";
import { defineMethod } from "./method.js";
import { networkSize } from "./network-size.js";
import { RehearsalLearner } from "./rehearsal-learner.js";

const fields = {
  latent: countField(1024).default(8).describe("Size of the generator's latent."),
  hidden: countField(4096)
    .default(128)
    .describe("Width of the hidden layer of the generator's encoder and decoder."),
  klWeight: z
    .number()
    .gt(0)
    .max(1)
    .default(0.01)
    .describe(
      "Weight β of the generator's KL divergence, and variance of an input around what is decoded, in normalised units squared.",
    ),
  share: z
    .number()
    .gt(0)
    .max(0.95)
    .default(0.5)
    .describe("Share of a minibatch that is generated, spread evenly over the earlier tasks."),
  iterations: countField(1_000_000)
    .default(2000)
    .describe("Minibatches that the generator makes when a task ends."),
};

/**
 * Generative replay (Shin et al. 2017, "Continual Learning with Deep Generative Replay", arXiv 1705.08690): a plain network rehearses
 * transitions that a generator of earlier tasks makes up, and that the network of before the current task labels. No transition
 * outlives its task. One body is shared and every task has a head, as with `coreset`.
 *
 * The generator is a variational autoencoder of what the dynamics network reads, with the task as a label beside it. One minibatch of the
 * network: `L = Σ_b ‖ŷ_t(x_b) - y_b‖² / X + Σ_j Σ_g ‖ŷ_j(x̃_g) - f_j(x̃_g)‖² / X` with B transitions of the current task, inputs x̃
 * generated for the earlier ones, and f the network when the last task ended.
 */
export const generativeReplay = defineMethod({
  name: "generative-replay",
  summary: "one network rehearses transitions of earlier tasks that a generator makes up",
  revisits: true,
  settings: fields,
  size(dynamics, settings, own) {
    const generator = autoencoderCount(shapeOf(dynamics, own), settings.tasks);
    const size = networkSize(dynamics, settings, 2);
    return {
      ...size,
      trained: size.trained + generator,
      kept: size.kept + 2 * generator,
      batches: 1 / (1 - own.share),
      settings: [...size.settings, "generative-replay.hidden"],
    };
  },
  create(options, { mlp }, own) {
    const { dynamics, batchSize, clipNorm } = options;
    const memory = new GeneratedMemory({
      ...{ dynamics, batchSize, clipNorm, stepSizes: mlp, autoencoder: shapeOf(dynamics, own) },
      ...{ klWeight: own.klWeight, share: own.share, iterations: own.iterations },
    });
    return new RehearsalLearner({ ...options, stepSizes: mlp }, memory);
  },
});

function shapeOf(
  dynamics: MlpShape,
  { latent, hidden }: Pick<SettingValues<typeof fields>, "latent" | "hidden">,
): AutoencoderShape {
  return { inputs: inputSize(dynamics), latent, hidden, activation: dynamics.activation };
}

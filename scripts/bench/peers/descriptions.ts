import type { NormalizerArrays } from "../../../agent/model/normalizer.js";
import type { BenchSize } from "../sizes.js";

/** How a counterpart computes: as PyTorch's eager operations, or compiled as a whole by `torch.compile`. */
export type PeerForm = "eager" | "compiled";

export interface TrainingForm {
  readonly form: PeerForm;
  /** Generates for all earlier tasks in one product, not one after the other as published. */
  readonly batchedTasks: boolean;
}

/**
 * A learner's minibatches for `torch_peers.py`; its settings in the published form.
 * @param earlier tasks in the regulariser
 * @param steps minibatches
 */
export function trainingDescription(
  { settings, dynamics }: BenchSize,
  earlier: number,
  steps: number,
  form: TrainingForm,
): Record<string, unknown> {
  const { embedding, hidden, activation, learningRate, embeddingLearningRate, beta } = settings.hypernetwork;
  return {
    kind: "training",
    ...{ embedding, hidden, activation, learningRate, embeddingLearningRate, beta },
    ...{ earlier, steps, ...form },
    dynamics: dynamics.sizes,
    dynamicsActivation: dynamics.activation,
    batch: settings.training.batchSize,
    clipNorm: settings.training.clipNorm,
  };
}

/** N action sequences and the network that they are rolled out through. */
export interface RolloutData {
  /** `[P]` */
  readonly weights: Float32Array;
  readonly normalizer: NormalizerArrays;
  /** `[X]` */
  readonly state: Float32Array;
  /** `[H, N, U]` */
  readonly actions: Float32Array;
}

/** A rollout for `torch_peers.py`. */
export function rolloutDescription(
  { settings, dynamics }: BenchSize,
  { weights, normalizer, state, actions }: RolloutData,
  form: PeerForm,
): Record<string, unknown> {
  const { samples, horizon } = settings.planner;
  const { inputMean, inputScale, targetMean, targetStd } = normalizer;
  const arrays = { inputMean, inputScale, targetMean, targetStd };
  return {
    kind: "rollout",
    ...{ form, samples, horizon },
    dynamics: dynamics.sizes,
    weights: Array.from(weights),
    normalizer: Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, Array.from(array)])),
    state: Array.from(state),
    actions: Array.from(actions),
  };
}

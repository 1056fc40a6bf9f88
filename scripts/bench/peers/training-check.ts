import type { Learner, LearnerState } from "../../../agent/learner.js";
import { firstOf } from "../../../sim/core/element.js";
import { RunError } from "../../../sim/core/errors.js";
import { Rng } from "../../../sim/core/rng.js";
import { type BenchSize, benchSize } from "../sizes.js";
import { newLearner, randomData, type TrainingData } from "../training-job.js";
import { type TrainingForm, trainingDescription } from "./descriptions.js";
import type { TorchProcess } from "./torch-process.js";

const STEPS = 3;
const EARLIER = 2;
const STORED = 40;
// Float32 sums in another order, carried through the steps.
const TOLERANCE = 1e-3;

// Smooth activations, so that no kink turns rounding into a difference; clipping and regulariser made to matter.
const TINY = [
  ...["dynamics.hidden=[8]", "dynamics.activation=tanh", "training.batchSize=7", "training.clipNorm=0.5"],
  ...["hypernetwork.hidden=[6,5]", "hypernetwork.activation=elu", "hypernetwork.embedding=4"],
  ...["hypernetwork.learningRate=0.01", "hypernetwork.embeddingLearningRate=0.01", "hypernetwork.beta=2"],
];

/**
 * Makes a few training steps of a tiny network here and in a counterpart, from the same parameters, data and
 * rows: times of two programs that compute different things must not be compared.
 * @returns the largest deviation of a parameter, as a share of the largest change
 * @throws RunError when they end in different places
 */
export async function checkTraining(torch: TorchProcess, form: TrainingForm): Promise<number> {
  const size = benchSize("push", TINY);
  const learner = newLearner(size);
  const record = await recordTraining(learner, size, form);
  await learner.release();
  const { difference, change } = await torch.check(record);
  if (difference <= TOLERANCE * change) return difference / change;
  throw new RunError({
    what: `PyTorch (${form.form}) ends elsewhere than the learner after ${STEPS} training steps`,
    got: `a difference of ${difference} in parameters that changed by ${change}`,
    expected: `at most ${TOLERANCE} of the change`,
    todo: "Compare scripts/bench/peers with agent/methods/hypercrl.ts",
  });
}

/** What the counterpart needs to repeat the steps, and where they ended. */
async function recordTraining(learner: Learner, size: BenchSize, form: TrainingForm): Promise<object> {
  const data = randomData(size.task.spec, false, STORED);
  const { buffer, normalizer } = data;
  const rng = Rng.fromSeed(4);
  // Trained between tasks, so that there is something to hold.
  for (let task = 0; task < EARLIER; task++) {
    await learner.beginTask(task);
    await learner.train(buffer, normalizer, 20, rng);
  }
  await learner.beginTask(EARLIER);
  const { batchSize } = size.settings.training;
  const drawn = Rng.fromState(rng.state());
  const rows = Array.from({ length: STEPS }, () =>
    Array.from({ length: batchSize }, () => drawn.integer(buffer.size)),
  );
  const start = await learner.state();
  const before = parametersOf(start);
  await learner.train(buffer, normalizer, STEPS, rng);
  return {
    job: trainingDescription(size, EARLIER, STEPS, form),
    rows,
    data: savedData(data),
    earlier: { embeddings: stacked(start, "embeddings"), targets: stacked(start, "targets") },
    before,
    after: parametersOf(await learner.state()),
  };
}

const saved = (data: Float32Array, shape: readonly number[]) => ({ shape, data: Array.from(data) });

/** Θ by name and the current embedding, copied. */
function parametersOf({ arrays }: LearnerState): object {
  const prefix = "hypernetwork.";
  const theta = Object.entries(arrays)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, { shape, data }]) => [name.slice(prefix.length), saved(data, shape)] as const);
  const embedding = arrayOf(arrays, "embedding");
  return { theta: Object.fromEntries(theta), embedding: saved(embedding.data, embedding.shape) };
}

function arrayOf(arrays: LearnerState["arrays"], name: string) {
  const array = arrays[name];
  if (array === undefined) throw new RangeError(`The learner's state has no array ${name}`);
  return array;
}

/** Rows `<name>.0`, `<name>.1`, … of the earlier tasks. */
function stacked({ arrays }: LearnerState, name: string): object {
  const rows = Array.from({ length: EARLIER }, (_, j) => Array.from(arrayOf(arrays, `${name}.${j}`).data));
  return { shape: [EARLIER, firstOf(rows, "rows").length], data: rows.flat() };
}

function savedData({ buffer, normalizer }: TrainingData): object {
  const { inputs, inputSize, targets, targetSize, size } = buffer;
  return {
    inputs: saved(inputs, [size, inputSize]),
    targets: saved(targets, [size, targetSize]),
    inputMean: saved(normalizer.inputMean, [inputSize]),
    inputScale: saved(normalizer.inputScale, [inputSize]),
  };
}

import { workerData } from "node:worker_threads";
import { Rng } from "../../sim/core/rng.js";
import { alignedArrays } from "../graph/session.js";
import type { Learner } from "../learner.js";
import { createLearner, type Method } from "../methods/method.js";
import { findMethod } from "../methods/registry.js";
import type { TrainingData } from "../model/replay-buffer.js";
import { answerCalls } from "../threads/answer-calls.js";
import type { LearnerCall, LearnerMember } from "./background-learner.js";

const { settings, methodModule, shape, rng, compute } = workerData as LearnerMember;
/** The main thread has checked what the module exports. */
const method: Method =
  methodModule === undefined ? findMethod(settings.method) : (await import(methodModule)).default;
let made: Learner | undefined;

/** Made at the first call, so that a failure to make it is answered like any other. */
function learnerMade(): Learner {
  made ??= createLearner(method, settings, shape, Rng.fromState(rng), compute);
  return made;
}

/** The received rows where the runtime finds them aligned as in a replay buffer. */
function aligned(data: TrainingData): TrainingData {
  const [inputs, targets] = alignedArrays([data.inputs.length, data.targets.length]);
  inputs.set(data.inputs);
  targets.set(data.targets);
  return { ...data, inputs, targets };
}

async function answer(call: LearnerCall): Promise<unknown> {
  const learner = learnerMade();
  switch (call.method) {
    case "beginTask":
      return learner.beginTask(...call.arguments);
    case "weights":
      return learner.weights(...call.arguments);
    case "state":
      return learner.state();
    case "restore":
      return learner.restore(...call.arguments);
    case "endTask": {
      const [data, normalizer, stream] = call.arguments;
      return learner.endTask(aligned(data), normalizer, Rng.fromState(stream));
    }
    case "train": {
      const [data, normalizer, iterations, stream] = call.arguments;
      return learner.train(aligned(data), normalizer, iterations, Rng.fromState(stream));
    }
  }
}

answerCalls(answer, async () => made?.release());

import type { Rng } from "../../sim/core/rng.js";
import { type Compute, ONE_THREAD } from "../compute.js";
import type { Learner } from "../learner.js";
import type { MlpShape } from "../model/dynamics.js";
import { oneOf, type Settings } from "../settings/schema.js";
import { chunked } from "./chunked.js";
import { coreset } from "./coreset.js";
import { ewc } from "./ewc.js";
import { finetune } from "./finetune.js";
import { hypercrl } from "./hypercrl.js";
import type { Method } from "./method.js";
import { multitask } from "./multitask.js";
import { multitaskHypernet } from "./multitask-hypernet.js";
import { pnn } from "./pnn.js";
import { replayHypernet } from "./replay-hypernet.js";
import { si } from "./si.js";
import { single } from "./single.js";

/** Every method, in the order in which help and tables show them. To add one, add it here. */
export const methods: readonly Method[] = [
  hypercrl,
  chunked,
  multitaskHypernet,
  replayHypernet,
  finetune,
  single,
  multitask,
  coreset,
  ewc,
  si,
  pnn,
];

/** The method of a name. @throws UsageError with the nearest name when there is none */
export function findMethod(name: string): Method {
  const names = methods.map((method) => method.name);
  return methods[names.indexOf(oneOf("method", name, names))];
}

/** Makes the learner that `settings.method` names. */
export function createLearner(
  settings: Settings,
  dynamics: MlpShape,
  rng: Rng,
  compute: Compute = ONE_THREAD,
): Learner {
  const { batchSize, clipNorm } = settings.training;
  return findMethod(settings.method).create({ dynamics, batchSize, clipNorm, rng, compute }, settings);
}

/** The network whose weights a method's learner gives for a task. */
export function networkShape(method: string, dynamics: MlpShape, task: number): MlpShape {
  return findMethod(method).networkShape?.(dynamics, task) ?? dynamics;
}

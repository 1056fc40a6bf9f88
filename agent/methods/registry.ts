import { findNamed } from "../../sim/core/one-of.js";
import { chunked } from "./chunked.js";
import { coreset } from "./coreset.js";
import { ewc } from "./ewc.js";
import { finetune } from "./finetune.js";
import { ftl } from "./ftl.js";
import { generativeReplay } from "./generative-replay.js";
import { hypercrl } from "./hypercrl.js";
import type { Method } from "./method.js";
import { multitask } from "./multitask.js";
import { multitaskHypernet } from "./multitask-hypernet.js";
import { pnn } from "./pnn.js";
import { replayHypernet } from "./replay-hypernet.js";
import { si } from "./si.js";
import { single } from "./single.js";
import { singleHypernet } from "./single-hypernet.js";

/** Every method, in the order in which help and tables show them. To add one, add it here. */
export const methods: readonly Method[] = [
  hypercrl,
  chunked,
  multitaskHypernet,
  replayHypernet,
  finetune,
  single,
  singleHypernet,
  multitask,
  coreset,
  generativeReplay,
  ewc,
  si,
  pnn,
  ftl,
];

/** The method of a name. @throws UsageError with the nearest name when there is none */
export function findMethod(name: string): Method {
  return findNamed("method", name, methods);
}

import { availableParallelism } from "node:os";
import type { Compute } from "../../agent/compute.js";
import { kernelObstacle } from "../../agent/kernel/module.js";
import type { Method } from "../../agent/methods/method.js";
import type { Settings } from "../../agent/settings/schema.js";

/** More threads than this find too little work in one plan. */
const MOST_THREADS = 4;

/** The machine's cores, at most four. */
export function defaultThreads(): number {
  return Math.min(availableParallelism(), MOST_THREADS);
}

/**
 * What of this machine a run uses.
 * @param threads as asked for; default every core, up to four
 * @param warn told in one line when the fused kernel cannot run
 */
export function chooseCompute(
  method: Method,
  settings: Settings,
  threads: number | undefined,
  warn: (text: string) => void,
): Compute {
  const obstacle = kernelObstacle();
  if (obstacle === undefined) {
    return { threads: threads ?? defaultThreads(), kernel: true };
  }
  if (method.trainsWithKernel && settings.training.engine === "fused") {
    warn(
      `${obstacle}: training with the ONNX graph instead of the fused kernel, several times slower, on one thread`,
    );
  }
  return { threads: 1, kernel: false };
}

import { availableParallelism } from "node:os";
import type { Compute } from "../../agent/compute.js";
import { kernelObstacle } from "../../agent/kernel/module.js";
import type { Method } from "../../agent/methods/method.js";
import type { Settings } from "../../agent/settings/schema.js";
import { InputError } from "../../sim/core/errors.js";

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
 * @throws InputError when `training.engine` is `relaxed` and the machine has no such instructions
 */
export function chooseCompute(
  method: Method,
  settings: Settings,
  threads: number | undefined,
  warn: (text: string) => void,
): Compute {
  const { engine } = settings.training;
  if (method.trainsWithKernel && engine === "relaxed") requireRelaxed();
  const obstacle = kernelObstacle();
  if (obstacle === undefined) {
    return { threads: threads ?? defaultThreads(), kernel: true };
  }
  if (method.trainsWithKernel && engine === "fused") {
    warn(
      `${obstacle}: training with the ONNX graph instead of the fused kernel, several times slower, on one thread`,
    );
  }
  return { threads: 1, kernel: false };
}

/** @throws InputError when the kernel cannot run with relaxed SIMD: with other instructions a run would get other bits */
function requireRelaxed(): void {
  const obstacle = kernelObstacle("relaxed");
  if (obstacle === undefined) return;
  throw new InputError({
    what: "the run's kernel cannot run here",
    got: obstacle,
    expected: "relaxed SIMD with fused multiply-add, for training.engine=relaxed",
    todo: "use Node 20 or newer on a processor with FMA, or begin a run with training.engine=fused",
  });
}

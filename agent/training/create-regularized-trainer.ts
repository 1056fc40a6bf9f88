import type { Compute, TrainingEngine } from "../compute.js";
import { kernelChoice } from "./engine.js";
import { FusedRegularizedTrainer } from "./fused-regularized-trainer.js";
import { GraphRegularizedTrainer } from "./graph-regularized-trainer.js";
import type { RegularizedTrainer, RegularizedTrainerOptions } from "./regularized-trainer.js";

/** How a trainer is chosen, and what it is made with. */
export interface RegularizedTrainerChoice extends RegularizedTrainerOptions {
  /** What makes the minibatch steps; without the kernel, and with chunks, it is the graph in any case. */
  readonly engine: TrainingEngine;
  readonly compute: Compute;
}

/** Makes the trainer of one hypernetwork: with the fused kernel where the choice and the machine allow it, else with a graph. */
export function createRegularizedTrainer(choice: RegularizedTrainerChoice): RegularizedTrainer {
  const { shape, engine, compute } = choice;
  const kernel = shape.chunks === undefined ? kernelChoice(engine, compute) : undefined;
  return kernel ? new FusedRegularizedTrainer(choice, kernel) : new GraphRegularizedTrainer(choice);
}

import { TRAINING_ENGINES } from "../../agent/compute.js";
import { kernelObstacle } from "../../agent/kernel/module.js";

/** Whether this machine can run the kernel with relaxed SIMD. */
export const HAS_RELAXED = kernelObstacle("relaxed") === undefined;

/** The engines that this machine has. */
export const ENGINES = TRAINING_ENGINES.filter((engine) => engine !== "relaxed" || HAS_RELAXED);

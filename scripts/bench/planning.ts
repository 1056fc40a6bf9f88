import { dynamicsShape, weightCount } from "../../agent/dynamics.js";
import { MpcPolicy } from "../../agent/policy.js";
import { resolveSettings } from "../../agent/settings.js";
import { Rng } from "../../sim/core/rng.js";
import type { Task } from "../../sim/task.js";
import { GEMM_FLOP, gemmJob, medians } from "./measure.js";

export interface PlanningFigures {
  /** One planned action, ms. */
  readonly planMs: number;
  readonly planGflops: number;
  /** 1024³ Gemm in the same run. */
  readonly gemmGflops: number;
  /** Share of the machine's Gemm rate that planning reaches. */
  readonly ratio: number;
}

/** One planned push action at the published size (500 × 20 × 5, 200-200), on one thread. */
export async function benchPlanning(task: Task): Promise<PlanningFigures> {
  const settings = resolveSettings({
    suite: "push",
    method: "hypercrl",
    profile: "paper",
    seed: 1,
    suiteTasks: 1,
  });
  const { hidden, activation } = settings.dynamics;
  const shape = dynamicsShape(task.spec, hidden, activation);
  const rng = Rng.fromSeed(1);
  const policy = await MpcPolicy.create(task, shape, settings, rng.split("planner"));
  const weights = Float32Array.from({ length: weightCount(shape) }, () => 0.1 * rng.normal());
  const [I, X] = [shape.sizes[0], task.spec.observation.length];
  await policy.load(weights, {
    inputMean: new Float32Array(I),
    inputScale: new Float32Array(I).fill(1),
    targetMean: new Float32Array(X),
    targetStd: new Float32Array(X).fill(0.001),
  });
  const observation = new Float32Array(X).fill(0.1);
  const [planMs, gemmMs] = await medians([() => policy.act(observation), await gemmJob()]);
  await policy.release();
  const { samples, horizon, iterations } = settings.planner;
  const perStep = shape.sizes.slice(1).reduce((sum, out, i) => sum + 2 * shape.sizes[i] * out, 0);
  const planGflops = (samples * horizon * iterations * perStep) / planMs / 1e6;
  const gemmGflops = GEMM_FLOP / gemmMs / 1e6;
  return { planMs, planGflops, gemmGflops, ratio: planGflops / gemmGflops };
}

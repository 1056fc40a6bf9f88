import { describe, expect, it } from "vitest";
import { dynamicsShape } from "../../../agent/model/dynamics.js";
import { KnownModels } from "../../../agent/recognition/known-models.js";
import { OneStepModel } from "../../../agent/recognition/one-step-model.js";
import { logStudentT, TaskPosterior } from "../../../agent/recognition/posterior.js";
import { Rng } from "../../../sim/core/rng.js";
import {
  absoluteTask,
  linearSystem,
  normals,
  pointTask,
  predictedChange,
  randomDynamics,
} from "../fixtures.js";
import { linearDynamics } from "./linear-dynamics.js";

const known = (variant: number) => ({
  dynamics: linearDynamics(variant),
  residualScale: Float32Array.of(0.05, 0.05),
});

describe("KnownModels", () => {
  it("lets the filter find which of three systems made the transitions, and follow when it changes", () => {
    const models = new KnownModels(pointTask.spec, 0, [known(0), known(1), known(2)]);
    const posterior = new TaskPosterior(3, 0.01);
    const rng = Rng.fromSeed(1);
    let x: Float32Array = Float32Array.of(0.1, 0.2);
    const tops: (number | undefined)[] = [];
    for (let t = 0; t < 60; t++) {
      const u = Float32Array.of(2 * rng.uniform() - 1, 2 * rng.uniform() - 1);
      const next = linearSystem(t < 30 ? 1 : 2)(x, u).map((v) => v + 0.03 * rng.normal());
      posterior.update(models.compare(x, u, next).logLikelihoods);
      tops.push(posterior.top);
      x = next;
    }
    expect(tops.slice(8, 30).filter((top) => top === 1).length).toBeGreaterThan(20);
    expect(tops.slice(40).filter((top) => top === 2).length).toBeGreaterThan(18);
  });

  it("sums over channels as the model predicts them: differences, and absolute ones themselves", () => {
    const rng = Rng.fromSeed(2);
    const { spec } = absoluteTask;
    const dynamics = randomDynamics(dynamicsShape(spec, [5], "tanh"), 3, rng);
    const residualScale = Float32Array.of(0.5, 2, 0.25);
    const models = new KnownModels(spec, 0, [{ dynamics, residualScale }]);
    const [x, u, next] = [normals(rng, 3), normals(rng, 1), normals(rng, 3)];
    const predicted = predictedChange(absoluteTask, dynamics, [...x], [...u]);
    const came = [next[0]! - x[0]!, next[1]! - x[1]!, next[2]!];
    const wanted = came.reduce(
      (sum, c, i) =>
        sum + logStudentT(c - predicted[i]!, residualScale[i]! * dynamics.normalizer.targetStd[i]!),
      0,
    );
    expect(models.compare(x, u, next).logLikelihoods[0]).toBeCloseTo(wanted, 4);
  });

  it("gives no number for a model that predicts none, and goes by the others", () => {
    const broken = known(0);
    broken.dynamics.weights[0] = Number.NaN;
    const models = new KnownModels(pointTask.spec, 0, [broken, known(1)]);
    const x = Float32Array.of(0.1, 0.2);
    const { logLikelihoods: logs, disagreement } = models.compare(x, Float32Array.of(0.5, 0.5), x);
    expect(logs[0]).toBeNaN();
    expect(Number.isFinite(logs[1])).toBe(true);
    expect(disagreement).toBe(0);
  });

  it("measures all models by one scale, the root mean square of theirs", () => {
    const scales = [0.01, 0.07];
    const tasks = scales.map((scale) => ({ ...known(0), residualScale: Float32Array.of(scale, scale) }));
    const [x, u] = [Float32Array.of(0.1, 0.2), Float32Array.of(0.5, -0.5)];
    const next = linearSystem(0)(x, u).map((v) => v + 0.1);
    const { logLikelihoods } = new KnownModels(pointTask.spec, 0, tasks).compare(x, u, next);
    const { std } = new OneStepModel(tasks[0]!.dynamics).predict([...x, ...u]);
    const wanted = [0, 1].reduce((sum, i) => sum + logStudentT(0.1, 0.05 * std[i]!), 0);
    expect(logLikelihoods[0]).toBeCloseTo(wanted, 3);
    expect(logLikelihoods[1]).toBe(logLikelihoods[0]);
  });

  it("does not take one error that lasts for many: a model that errs less at rest does not win by resting", () => {
    // The same step again and again, which the second model foresees a little better.
    const models = new KnownModels(pointTask.spec, 0, [known(1), known(2)]);
    const rest = (posterior: TaskPosterior, steps: number) => {
      const [x, u] = [Float32Array.of(0, 0), Float32Array.of(0, 0)];
      const atRest = linearSystem(2)(x, u).map((v) => v + 0.01);
      for (let t = 0; t < steps; t++) posterior.update(models.compare(x, u, atRest).logLikelihoods);
    };
    const posterior = new TaskPosterior(2, 0);
    models.startEpisode();
    rest(posterior, 1);
    const [afterOne] = posterior.probabilities;
    rest(posterior, 1000);
    expect(posterior.probabilities[0]).toBeCloseTo(afterOne!, 12);
    // A new episode is new evidence.
    models.startEpisode();
    rest(posterior, 1);
    expect(posterior.probabilities[0]).toBeLessThan(afterOne! - 0.05);
  });

  it("says by how much the two models furthest apart differ", () => {
    const [x, u] = [Float32Array.of(0.3, -0.2), Float32Array.of(1, 1)];
    const tasks = [known(0), known(1), known(2)];
    const models = new KnownModels(pointTask.spec, 0, tasks);
    const changes = tasks.map(({ dynamics }) => new OneStepModel(dynamics).predict([...x, ...u]));
    const apart = (j: number, k: number) =>
      Math.hypot(
        ...changes[j]!.change.map((c, i) => (c - changes[k]!.change[i]!) / (0.05 * changes[j]!.std[i]!)),
      ) / Math.SQRT2;
    const most = Math.max(apart(0, 1), apart(0, 2), apart(1, 2));
    expect(most).toBeGreaterThan(0);
    expect(models.compare(x, u, x).disagreement).toBeCloseTo(most, 4);
  });
});

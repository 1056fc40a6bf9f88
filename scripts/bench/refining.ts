import { configuredShape } from "../../agent/methods/method.js";
import { weightCount } from "../../agent/model/dynamics.js";
import { StateSpec } from "../../agent/model/model-state.js";
import { RolloutModel } from "../../agent/rollout/rollout.js";
import { resolveSettings } from "../../agent/settings/resolve.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { Rng } from "../../sim/core/rng.js";
import { findSuite } from "../../tasks/registry.js";
import { builtinCatalog } from "../runs/catalog.js";
import { medians, timed } from "./measure.js";
import { joinSections, named, type Section } from "./result.js";

/** Calls in one measurement: a single one is too short to be timed well. */
const CALLS = 100;
/** What computes the derivatives, ours first. */
const WAYS = ["kernel", "graph"] as const;

/** Derivatives of the sequences that the quick profile's plans refine: the kernel's time against the unrolled graph's. */
export async function benchRefining(): Promise<Section> {
  const sections: Section[] = [];
  for (const name of ["push", "door"] as const) sections.push(await benchOne(name));
  return joinSections(sections);
}

async function benchOne(name: "push" | "door"): Promise<Section> {
  const suite = findSuite(name);
  const settings = resolveSettings(
    { suite, method: "hypercrl", profile: "quick", seed: 1 },
    [],
    builtinCatalog,
  );
  const task = firstOf(suite.tasks, "tasks");
  const { history, hidden } = settings.dynamics;
  const { horizon, polishPlans } = settings.planner;
  const shape = configuredShape(settings, task);
  const rng = Rng.fromSeed(2);
  const small = (length: number) => Float32Array.from({ length }, () => 0.1 * rng.normal());
  const [I, X] = [firstOf(shape.sizes, "layers of the model"), task.spec.observation.length];
  const weights = small(weightCount(shape));
  const state = small(new StateSpec(task.spec, history).size);
  const actions = small(horizon * polishPlans * task.spec.action.length);
  const models: RolloutModel[] = [];
  for (const derivatives of WAYS) {
    const model = await RolloutModel.create(task, shape, horizon, { history, derivatives });
    await model.load(weights, {
      inputMean: new Float32Array(I),
      inputScale: new Float32Array(I).fill(1),
      targetMean: new Float32Array(X),
      targetStd: new Float32Array(X).fill(0.001),
    });
    models.push(model);
  }
  const jobs = models.map((model) =>
    timed(async () => {
      for (let call = 0; call < CALLS; call++) await model.gradient(state, actions, polishPlans);
    }),
  );
  const ms = (await medians(jobs)).map((time) => time / CALLS);
  for (const model of models) await model.release();
  const [kernelMs, graphMs] = [elementAt(ms, 0, "times"), elementAt(ms, 1, "times")];
  const row = {
    what: `derivatives of ${polishPlans} ${name} plans of ${horizon} steps, net ${hidden.join("-")}`,
    figure: `${kernelMs.toFixed(2)} ms`,
    against: `unrolled graph ${graphMs.toFixed(2)} ms`,
    ratio: (kernelMs / graphMs).toFixed(2),
  };
  const figures = named(`planning.${name}.derivatives`, {
    ms: [kernelMs, "ms"],
    graphMs: [graphMs, "ms"],
    ratio: [kernelMs / graphMs, "ratio"],
  });
  return { figures, rows: [row] };
}

import { configuredShape } from "../../agent/methods/method.js";
import { ensembleShape } from "../../agent/model/ensemble.js";
import { StateSpec } from "../../agent/model/model-state.js";
import { type MlpShape, weightCount } from "../../agent/model/network.js";
import { RolloutModel } from "../../agent/rollout/rollout.js";
import { resolveSettings } from "../../agent/settings/resolve.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { Rng } from "../../sim/core/rng.js";
import { findSuite } from "../../tasks/registry.js";
import { builtinCatalog } from "../parts/catalog.js";
import { medians, timed } from "./measure.js";
import { joinSections, named, type Section } from "./result.js";

/** Calls in one measurement: a single one is too short to be timed well. */
const CALLS = 100;
/** What computes the derivatives, ours first. */
const WAYS = ["kernel", "graph"] as const;
/** Members of the ensemble that is compared with one network. */
const MEMBERS = 4;

/** Derivatives of the sequences that the quick profile's plans refine: the kernel's time against the unrolled graph's. */
export async function benchRefining(): Promise<Section> {
  const sections: Section[] = [];
  for (const name of ["push", "door"] as const) {
    sections.push(await benchOne(name));
    sections.push(await benchEnsemble(name));
  }
  return joinSections(sections);
}

/** What derivatives are computed of. */
function problemOf(name: "push" | "door") {
  const suite = findSuite(name);
  const settings = resolveSettings(
    { suite, method: "hypercrl", profile: "quick", seed: 1 },
    [],
    builtinCatalog,
  );
  const task = firstOf(suite.tasks, "tasks");
  const { history, hidden } = settings.dynamics;
  const { horizon, polishPlans } = settings.planner;
  const rng = Rng.fromSeed(2);
  const small = (length: number) => Float32Array.from({ length }, () => 0.1 * rng.normal());
  const shape = configuredShape(settings, task);
  const state = small(new StateSpec(task.spec, history).size);
  const actions = small(horizon * polishPlans * task.spec.action.length);
  return { task, history, hidden, horizon, polishPlans, shape, small, state, actions };
}

type Problem = ReturnType<typeof problemOf>;

/** Milliseconds of a call, for each of several networks and ways to take them through. */
async function timesOf(
  problem: Problem,
  kinds: readonly { readonly shape: MlpShape; readonly derivatives: (typeof WAYS)[number] }[],
): Promise<number[]> {
  const { task, history, horizon, polishPlans, small, state, actions } = problem;
  const [I, X] = [firstOf(problem.shape.sizes, "layers of the model"), task.spec.observation.length];
  const models: RolloutModel[] = [];
  const weights = new Map<MlpShape, Float32Array>();
  for (const { shape, derivatives } of kinds) {
    const model = await RolloutModel.create(task, shape, horizon, { history, derivatives });
    const values = weights.get(shape) ?? small(weightCount(shape));
    weights.set(shape, values);
    await model.load(values, {
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
  return ms;
}

async function benchOne(name: "push" | "door"): Promise<Section> {
  const problem = problemOf(name);
  const { shape, polishPlans, horizon, hidden } = problem;
  const ms = await timesOf(
    problem,
    WAYS.map((derivatives) => ({ shape, derivatives })),
  );
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

/** The kernel's time for an ensemble against that for one network; the members' number would be fair, its square is what dense layers cost. */
async function benchEnsemble(name: "push" | "door"): Promise<Section> {
  const problem = problemOf(name);
  const { shape, hidden } = problem;
  const shapes = [ensembleShape(shape, MEMBERS), shape];
  const ms = await timesOf(
    problem,
    shapes.map((each) => ({ shape: each, derivatives: "kernel" as const })),
  );
  const [ensembleMs, oneMs] = [elementAt(ms, 0, "times"), elementAt(ms, 1, "times")];
  const row = {
    what: `the same for ${MEMBERS} members ${hidden.join("-")}`,
    figure: `${ensembleMs.toFixed(2)} ms`,
    against: `one network ${oneMs.toFixed(2)} ms`,
    ratio: (ensembleMs / oneMs).toFixed(2),
  };
  const figures = named(`planning.${name}.ensembleDerivatives`, {
    ms: [ensembleMs, "ms"],
    oneMs: [oneMs, "ms"],
    ratio: [ensembleMs / oneMs, "ratio"],
  });
  return { figures, rows: [row] };
}

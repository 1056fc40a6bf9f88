import { PolicyNetwork, policyShape } from "../../agent/distillation/policy-network.js";
import { dynamicsShape } from "../../agent/model/dynamics.js";
import { StateSpec } from "../../agent/model/model-state.js";
import { type MlpShape, targetSize, weightCount } from "../../agent/model/network.js";
import { MpcPolicy } from "../../agent/policy.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import { Rng } from "../../sim/core/rng.js";
import { Environment } from "../../sim/environment.js";
import { initPhysics } from "../../sim/world.js";
import { medians, timedOnProcessor } from "./measure.js";
import { joinSections, named, type Section } from "./result.js";
import { benchSize } from "./sizes.js";

const CASES = [
  { suite: "push", profile: "quick" },
  { suite: "push", profile: "paper" },
  { suite: "door", profile: "quick" },
] as const;

/** Actions of a policy network in one measurement: one takes some microseconds. */
const ACTIONS = 1000;

/** One action of a policy network, as `hypercrl distil` makes it, against one action of the planner that it imitates. */
export async function benchPolicies(): Promise<Section> {
  await initPhysics();
  const sections: Section[] = [];
  for (const one of CASES) sections.push(await benchOne(one));
  return joinSections(sections);
}

async function benchOne({ suite, profile }: (typeof CASES)[number]): Promise<Section> {
  const { task, settings, parts } = benchSize(suite, [], profile);
  const { hidden, activation, history } = settings.dynamics;
  const dynamics = dynamicsShape(task.spec, hidden, activation, false, history);
  const rng = Rng.fromSeed(1);
  const planner = await MpcPolicy.create(task, dynamics, settings, parts.planner, rng.split("planner"));
  const model = drawn(dynamics, rng.split("model"));
  await planner.load(model.weights, model.normalizer);
  const network = new PolicyNetwork(
    task.spec,
    history,
    drawn(policyShape(task.spec, history), rng.split("policy")),
  );
  const environment = new Environment(task);
  const state = new StateSpec(task.spec, history).first(environment.reset(0));
  environment.close();
  const times = await medians([
    timedOnProcessor(() => planner.act(state, 0)),
    timedOnProcessor(() => {
      for (let i = 0; i < ACTIONS; i++) network.act(state);
    }),
  ]);
  await planner.release();
  const [plannerMs, policyMs] = [elementAt(times, 0, "times"), elementAt(times, 1, "times") / ACTIONS];
  const row = {
    what: `act in ${suite} by a policy network, ${profile} profile`,
    figure: `${(1000 * policyMs).toFixed(1)} µs`,
    against: `planner ${plannerMs.toFixed(1)} ms`,
    ratio: (policyMs / plannerMs).toPrecision(1),
  };
  const figures = named(`policies.${suite}.${profile}`, {
    ms: [policyMs, "ms"],
    plannerMs: [plannerMs, "ms"],
    ratio: [policyMs / plannerMs, "ratio"],
  });
  return { figures, rows: [row] };
}

/** Small random weights: what an action costs does not depend on them. */
function drawn(shape: MlpShape, rng: Rng) {
  const weights = Float32Array.from({ length: weightCount(shape) }, () => 0.1 * rng.normal());
  const inputs = firstOf(shape.sizes, "layers");
  const outputs = targetSize(shape);
  const normalizer = {
    inputMean: new Float32Array(inputs),
    inputScale: new Float32Array(inputs).fill(1),
    targetMean: new Float32Array(outputs),
    targetStd: new Float32Array(outputs).fill(0.001),
  };
  return { weights, normalizer };
}

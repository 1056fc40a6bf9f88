import { createPlanner } from "../../planners/checked-planner.js";
import type { Planner, PlannerDefinition } from "../../planners/types.js";
import { UsageError } from "../../sim/core/errors.js";
import type { Rng } from "../../sim/core/rng.js";
import type { Environment } from "../../sim/environment.js";
import type { Forecast } from "../../sim/recording/episode.js";
import type { Task } from "../../sim/task.js";
import { ActionScale } from "../action-scale.js";
import { planningProblem } from "../policy.js";
import type { SimulatorCosts } from "../rollout/simulator-rollouts.js";
import type { Settings } from "../settings/schema.js";

/**
 * Model-predictive control through the task's own simulator: what a planner reaches when its model is right. The
 * environment that is acted in is read by snapshots and never changed.
 */
export class OraclePolicy {
  readonly #costs: SimulatorCosts;
  readonly #scale: ActionScale | undefined;
  readonly #makePlanner: (rng: Rng) => Planner;
  #episode: { readonly environment: Environment; readonly planner: Planner } | undefined;

  /**
   * @param planner what `settings.name` stands for
   * @param costs what the planner is told of its sequences
   */
  constructor(task: Task, settings: Settings["planner"], planner: PlannerDefinition, costs: SimulatorCosts) {
    const problem = planningProblem(task.spec, settings);
    this.#costs = costs;
    this.#scale = settings.scaleActions ? new ActionScale(task.spec.action) : undefined;
    this.#makePlanner = (rng) => createPlanner(planner, problem, settings, rng);
  }

  /** Turns to an episode that begins in an environment. @param rng stream of the planner's noise */
  startEpisode(environment: Environment, rng: Rng): void {
    this.#episode = { environment, planner: this.#makePlanner(rng) };
  }

  /** Plans from where the environment is and returns the action `[U]`. @throws UsageError when the planner needs derivatives */
  async act(): Promise<Float32Array> {
    const { environment, planner } = this.#current();
    const state = environment.snapshot();
    const scale = this.#scale;
    const action = await planner.plan(
      (actions, samples, meanwhile) =>
        this.#costs.costs(state, scale?.sequences(actions) ?? actions, samples, meanwhile),
      () => Promise.reject(noDerivatives()),
    );
    return scale?.own(action) ?? action;
  }

  /**
   * Where the last plan and others that were considered lead, from where the environment still is.
   * @param most largest K
   */
  async forecast(_observation: Float32Array, most: number): Promise<Forecast> {
    const { environment, planner } = this.#current();
    const state = environment.snapshot();
    const { chosen, others } = planner.plans(most);
    const own = (actions: Float32Array) => this.#scale?.own(actions) ?? actions;
    const predict = (sequence: Float32Array) => this.#costs.simulator.observations(state, own(sequence));
    const predicted = predict(chosen);
    const size = predicted.length;
    const rest = new Float32Array((others.length / chosen.length) * size);
    for (let k = 0; k * chosen.length < others.length; k++) {
      rest.set(predict(others.subarray(k * chosen.length, (k + 1) * chosen.length)), k * size);
    }
    return { chosen: predicted, others: rest };
  }

  #current(): { readonly environment: Environment; readonly planner: Planner } {
    if (this.#episode === undefined) throw new RangeError("No episode has begun.");
    return this.#episode;
  }
}

function noDerivatives(): UsageError {
  return new UsageError({
    what: "The oracle cannot plan with this planner",
    got: "one that asks for derivatives of costs",
    expected: "a planner that needs costs only: the simulator gives no derivatives",
    todo: "Choose another with --planner, for example icem",
  });
}

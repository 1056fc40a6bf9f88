import { createPlanner } from "../planners/checked-planner.js";
import type { Planner, PlannerDefinition, PlannerState, PlanningProblem } from "../planners/types.js";
import type { Rng } from "../sim/core/rng.js";
import type { Forecast } from "../sim/recording/episode.js";
import type { Task, TaskSpec } from "../sim/task.js";
import { ActionScale, checkBounded } from "./action-scale.js";
import type { MlpShape } from "./model/network.js";
import type { NormalizerArrays } from "./model/normalizer.js";
import { heldSteps } from "./rollout/held-steps.js";
import type { PlanningThreads } from "./rollout/planning-threads.js";
import { type PlanningModel, RolloutModel } from "./rollout/rollout.js";
import type { Settings } from "./settings/schema.js";

/** What a planner knows of a task. @throws UsageError when an action has no bounds */
export function planningProblem(
  { action }: TaskSpec,
  { horizon, scaleActions }: Pick<Settings["planner"], "horizon" | "scaleActions">,
): PlanningProblem {
  checkBounded(action);
  if (scaleActions) return { horizon, low: action.map(() => -1), high: action.map(() => 1) };
  return { horizon, low: action.map((c) => c.low), high: action.map((c) => c.high) };
}

/**
 * The model of one task, without weights yet, as the settings have it planned with.
 * @param threads as in `RolloutOptions`
 * @throws UsageError where the network cannot be computed in `planner.precision`
 */
export function modelToPlanWith(
  task: Task,
  shape: MlpShape,
  {
    planner: { horizon, holdReward, precision },
    dynamics: { history },
  }: Pick<Settings, "planner" | "dynamics">,
  threads: PlanningThreads | undefined,
): Promise<RolloutModel> {
  const options = { threads, history, holdReward: holdReward !== false, precision };
  return RolloutModel.create(task, shape, horizon, options);
}

/** Model-predictive control of one task: a planner over rollouts through the task's dynamics weights, or through another model. */
export class MpcPolicy<Model extends PlanningModel = RolloutModel> {
  /** What is planned with; released with the policy. */
  readonly model: Model;
  /** Undefined where the planner's actions are the task's own. */
  readonly #scale: ActionScale | undefined;
  /** For how many steps a plan's last reward is held, by the steps that the episode has made. */
  readonly #held: (stepsDone: number) => number;
  readonly #makePlanner: (rng: Rng) => Planner;
  #planner: Planner;

  private constructor(
    model: Model,
    scale: ActionScale | undefined,
    held: (stepsDone: number) => number,
    makePlanner: (rng: Rng) => Planner,
    rng: Rng,
  ) {
    this.model = model;
    this.#scale = scale;
    this.#held = held;
    this.#makePlanner = makePlanner;
    this.#planner = makePlanner(rng);
  }

  /**
   * @param planner what `settings.planner.name` stands for
   * @param threads plan together on several cores, with the same results; not closed by `release`
   */
  static async create(
    task: Task,
    shape: MlpShape,
    settings: Settings,
    planner: PlannerDefinition,
    rng: Rng,
    threads?: PlanningThreads,
  ): Promise<MpcPolicy> {
    checkBounded(task.spec.action);
    const model = await modelToPlanWith(task, shape, settings, threads);
    return MpcPolicy.over(model, task, settings, planner, rng);
  }

  /** The same with a model that need not be the task's own. */
  static over<Model extends PlanningModel>(
    model: Model,
    task: Task,
    settings: Settings,
    planner: PlannerDefinition,
    rng: Rng,
  ): MpcPolicy<Model> {
    const { horizon, scaleActions, holdReward } = settings.planner;
    const problem = planningProblem(task.spec, settings.planner);
    const scale = scaleActions ? new ActionScale(task.spec.action) : undefined;
    const makePlanner = (stream: Rng) => createPlanner(planner, problem, settings.planner, stream);
    const { episodeSteps } = task.spec;
    const held = (stepsDone: number) => heldSteps(holdReward, episodeSteps - horizon - stepsDone);
    return new MpcPolicy(model, scale, held, makePlanner, rng);
  }

  /** Sets the weights `[P]` and normaliser to plan with. */
  load(this: MpcPolicy, weights: Float32Array, normalizer: NormalizerArrays): Promise<void> {
    return this.model.load(weights, normalizer);
  }

  /** Starts an episode: forgets the warm start; with `rng` also takes a new random stream. */
  startEpisode(rng?: Rng): void {
    if (rng === undefined) this.#planner.reset();
    else this.#planner = this.#makePlanner(rng);
  }

  /**
   * Plans from a state `[S]`, see `StateSpec`, and returns the action `[U]`.
   * @param stepsDone steps that the episode has made; it is planned for as many as the task's episodes have, also where this one
   *   is to be shorter
   */
  async act(state: Float32Array, stepsDone: number): Promise<Float32Array> {
    const scale = this.#scale;
    this.model.hold(this.#held(stepsDone));
    const own = (actions: Float32Array) => scale?.sequences(actions) ?? actions;
    const action = await this.#planner.plan(
      (actions, samples, meanwhile) => this.model.costs(state, own(actions), samples, meanwhile),
      async (actions, samples) => {
        const slope = await this.model.gradient(state, own(actions), samples);
        return scale?.derivative(slope) ?? slope;
      },
    );
    return scale?.own(action) ?? action;
  }

  /**
   * Where the last plan and others that were considered lead, by the model, from the state `[S]` that was planned from.
   * Changes nothing in what is planned later.
   * @param most largest K
   */
  async forecast(state: Float32Array, most: number): Promise<Forecast> {
    const { chosen, others } = this.#planner.plans(most);
    const actions = new Float32Array(chosen.length + others.length);
    actions.set(chosen);
    actions.set(others, chosen.length);
    const own = this.#scale?.own(actions) ?? actions;
    const observations = await this.model.observations(state, own);
    const end = (observations.length * chosen.length) / actions.length;
    return { chosen: observations.subarray(0, end), others: observations.subarray(end) };
  }

  /** The actions `[H, U]` of the last plan, of which the first is made; as `forecast`, it changes nothing. */
  lastPlan(): Float32Array {
    const { chosen } = this.#planner.plans(0);
    return this.#scale?.own(chosen) ?? chosen;
  }

  /** Predicted states `[H, S, N]` after actions `[H, U, N]` from N states `[S, N]`; changes nothing in what is planned later. */
  rollOut(states: Float32Array, actions: Float32Array): Promise<Float32Array> {
    return this.model.rollOut(states, actions);
  }

  state(): PlannerState {
    return this.#planner.state();
  }

  restore(state: PlannerState): void {
    this.#planner.restore(state);
  }

  async release(): Promise<void> {
    await this.model.release();
  }
}

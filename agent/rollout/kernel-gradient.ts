import type { CostGradient } from "../../planners/types.js";
import type { StateSpec } from "../model/model-state.js";
import type { MlpShape } from "../model/network.js";
import type { RolloutColumns } from "./columns.js";
import type { Costed } from "./rollout-costs.js";
import type { RolloutGradient } from "./rollout-gradient.js";
import { RolloutPasses } from "./rollout-passes.js";
import { TransitionSlopes } from "./transition-slopes.js";

/** What derivatives are computed of. */
export interface KernelProblem {
  readonly states: StateSpec;
  readonly costed: Costed;
  /** The network that predicts the mean. */
  readonly network: MlpShape;
  /** Where the network is loaded, and for how many steps the last reward is held. */
  readonly columns: RolloutColumns;
}

/**
 * Computes the costs of N rollouts and their derivatives step by step through a kernel for the network. In an unrolled graph
 * the runtime takes several times as long for handling a thousand small nodes as for their arithmetic. The rewards of all steps,
 * with their derivatives, are one small graph.
 */
export class KernelGradient implements RolloutGradient {
  readonly samples: number;
  readonly #columns: RolloutColumns;
  readonly #passes: RolloutPasses;
  readonly #rewards: TransitionSlopes;
  readonly #slope: CostGradient;

  private constructor({ states, costed, network, columns }: KernelProblem, rewards: TransitionSlopes) {
    const { length: samples } = rewards.costs;
    this.samples = samples;
    this.#columns = columns;
    this.#passes = new RolloutPasses(states, network, { rows: samples, steps: costed.horizon });
    this.#rewards = rewards;
    this.#slope = { costs: rewards.costs, gradient: this.#passes.gradient };
    this.load();
  }

  /** @param samples N */
  static async create(problem: KernelProblem, samples: number): Promise<KernelGradient> {
    const rewards = await TransitionSlopes.create(problem.costed, samples, problem.columns.restFeeds);
    return new KernelGradient(problem, rewards);
  }

  load(): void {
    this.#passes.load(this.#columns.layers);
  }

  async run(state: Float32Array, actions: Float32Array): Promise<CostGradient> {
    const { transitions, slopes } = this.#rewards;
    this.#passes.forward(state, actions, transitions);
    await this.#rewards.run();
    this.#passes.backward(slopes);
    return this.#slope;
  }

  async release(): Promise<void> {
    await this.#rewards.release();
  }
}

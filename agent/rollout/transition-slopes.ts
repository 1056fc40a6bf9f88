import { gradients } from "../graph/gradients.js";
import { Graph, type Tensor } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { alignedArrays, type Feeds, Session, tensor } from "../graph/session.js";
import { type AllSteps, type Costed, costsIn, joinSteps } from "./rollout-costs.js";

/**
 * One session that yields the costs of N rollouts whose transitions are all known, and the derivatives with respect to these.
 * Transitions are the columns of one array `[X + U + X, H·N]`, the N of the first step before those of the second: an observation,
 * an action and the next observation. Three arrays would be slower, because each input costs the runtime some time.
 */
export class TransitionSlopes {
  /** To be written before a run. */
  readonly transitions: Float32Array;
  /** Derivatives of each rollout's cost with respect to its transitions, as of the last run. */
  readonly slopes: Float32Array;
  /** `[N]`, as of the last run. */
  readonly costs: Float32Array;
  readonly #session: Session;
  readonly #feeds: Feeds;
  readonly #results: Feeds;

  private constructor(session: Session, shape: readonly [number, number], samples: number, rest: Feeds) {
    const size = shape[0] * shape[1];
    const [transitions, slopes, costs] = alignedArrays([size, size, samples]);
    this.#session = session;
    this.transitions = transitions;
    this.slopes = slopes;
    this.costs = costs;
    this.#feeds = { ...rest, transitions: tensor(transitions, shape) };
    this.#results = { slopes: tensor(slopes, shape), costs: tensor(costs, [samples]) };
  }

  /**
   * @param samples N
   * @param rest the graph's input `REST`, where the last reward is held; else nothing
   */
  static async create(costed: Costed, samples: number, rest: Feeds): Promise<TransitionSlopes> {
    const { task, horizon } = costed;
    const [X, U] = [task.spec.observation.length, task.spec.action.length];
    const shape = [X + U + X, horizon * samples] as const;
    const g = new Graph();
    const transitions = g.input("transitions", shape);
    const [observation, action, nextObservation] = ops.split(transitions, [X, U, X], 0);
    const steps = (all: Tensor) => stepsOf(all, horizon, samples);
    const costs = costsIn(g, costed, {
      observation: steps(observation),
      action: steps(action),
      nextObservation: steps(nextObservation),
    });
    // Rollouts do not act on each other, so the gradient of the sum holds the gradient of each.
    const [slopes] = gradients(ops.reduceSum(costs), [transitions]);
    g.output("costs", costs);
    g.output("slopes", slopes);
    return new TransitionSlopes(await Session.create(g), shape, samples, rest);
  }

  /** Computes `costs` and `slopes` of `transitions`. */
  async run(): Promise<void> {
    await this.#session.run(this.#feeds, this.#results);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function stepsOf(all: Tensor, horizon: number, samples: number): AllSteps {
  const first = () => {
    const step = ops.slice(all, 0, samples, 1);
    return joinSteps(new Array<Tensor>(horizon).fill(step));
  };
  return { all, first };
}

import type { Task, Transition } from "../../sim/task.js";
import { Graph } from "../graph/graph.js";
import { graphOps } from "../graph/operations.js";
import { Session, tensor } from "../graph/session.js";

/**
 * Rewards `[N]` of transitions as the planner computes them: the task's reward built into a graph, in float32, on all
 * of them at once. For comparing with what the environment pays.
 */
export async function graphRewards(
  task: Task,
  transitions: readonly Transition<ArrayLike<number>>[],
): Promise<Float32Array> {
  const { observation, action } = task.spec;
  const N = transitions.length;
  const sizes = {
    observation: observation.length,
    action: action.length,
    nextObservation: observation.length,
  };
  const g = new Graph();
  const input = (name: keyof typeof sizes) => g.input(name, [sizes[name], N]);
  const reward = task.reward(graphOps(g, 0), {
    observation: input("observation"),
    action: input("action"),
    nextObservation: input("nextObservation"),
  });
  g.output("rewards", reward);
  const session = await Session.create(g);
  try {
    const feed = (name: keyof typeof sizes) => {
      const columns = Float32Array.from({ length: sizes[name] * N }, (_, at) => {
        return transitions[at % N]![name]![Math.floor(at / N)]!;
      });
      return [name, tensor(columns, [sizes[name], N])] as const;
    };
    const names = ["observation", "action", "nextObservation"] as const;
    const rewards = new Float32Array(N);
    await session.run(Object.fromEntries(names.map(feed)), { rewards: tensor(rewards, [1, N]) });
    return rewards;
  } finally {
    await session.release();
  }
}

import { alignedArray, Session, tensor } from "../../agent/graph/session.js";
import type { TaskDynamics } from "../../agent/model/dynamics.js";
import type { NormalizerArrays } from "../../agent/model/normalizer.js";
import { quaternionStarts } from "../../agent/model/state-change.js";
import { RolloutModel } from "../../agent/rollout/rollout.js";
import { elementAt, firstOf } from "../../sim/core/element.js";
import type { Ops } from "../../sim/core/ops.js";
import type { Rng } from "../../sim/core/rng.js";
import { randomAction } from "../../sim/random-action.js";
import type { Task, TaskSpec, Transition } from "../../sim/task.js";

/** A state `[S]` and an action `[U]`. */
export interface StateAction {
  readonly x: Float32Array;
  readonly u: Float32Array;
}

/**
 * Between the next states of both models, m, rad, …; of values above 1 in size a share of them. Sums of a hundred
 * float32 products in another order differ by up to 1e-5 where inputs lie far apart; a wrong model by far more.
 */
export const LARGEST_DIFFERENCE = 1e-4;

/** An exported file, as any program runs it. */
export class ExportedModel {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  static async load(bytes: Uint8Array): Promise<ExportedModel> {
    return new ExportedModel(await Session.fromModel(bytes));
  }

  /** Next observations `[N, X]`, one after another. @param X their size */
  async predict(task: number, inputs: readonly StateAction[], X: number): Promise<Float32Array> {
    const first = firstOf(inputs, "inputs");
    const [N, S, U] = [inputs.length, first.x.length, first.u.length];
    const x = alignedArray(N * S);
    const u = alignedArray(N * U);
    const next = alignedArray(N * X);
    inputs.forEach((input, n) => {
      x.set(input.x, n * S);
      u.set(input.u, n * U);
    });
    const feeds = {
      x: tensor(x, [N, S]),
      u: tensor(u, [N, U]),
      task: tensor(BigInt64Array.of(BigInt(task)), []),
    };
    await this.#session.run(feeds, { xNext: tensor(next, [N, X]) });
    return next;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** States as far from the mean as the task's data were, actions within bounds. */
export function randomInputs(
  spec: TaskSpec,
  { inputMean, inputScale }: Pick<NormalizerArrays, "inputMean" | "inputScale">,
  count: number,
  rng: Rng,
): StateAction[] {
  return Array.from({ length: count }, () => {
    let feature = 0;
    const x = Float32Array.from(spec.observation, ({ angle }) => {
      const at = feature;
      feature += angle ? 2 : 1;
      if (angle) return Math.PI * (2 * rng.uniform() - 1);
      const mean = elementAt(inputMean, at, "input features");
      return mean + rng.normal() / elementAt(inputScale, at, "input features");
    });
    for (const start of quaternionStarts(spec)) {
      const q = Array.from({ length: 4 }, () => rng.normal());
      const length = Math.hypot(...q);
      x.set(
        q.map((v) => v / length),
        start,
      );
    }
    return { x, u: randomAction(spec, rng) };
  });
}

/** A task and the past changes that its model sees of each moving quantity. */
interface ModelledTask {
  readonly task: Task;
  readonly history: number;
}

/** The largest difference between an exported model and the planner's; NaN when one of them is not finite. */
export async function compareModels(
  exported: ExportedModel,
  index: number,
  modelled: ModelledTask,
  dynamics: TaskDynamics,
  inputs: readonly StateAction[],
): Promise<number> {
  const X = modelled.task.spec.observation.length;
  const got = await exported.predict(index, inputs, X);
  let largest = 0;
  for (let channel = 0; channel < X; channel++) {
    const wanted = await plannedChannel(modelled, dynamics, channel, inputs);
    wanted.forEach((value, n) => {
      const difference =
        Math.abs(elementAt(got, n * X + channel, "next states") - value) / Math.max(1, Math.abs(value));
      largest = Math.max(largest, difference);
    });
  }
  return largest;
}

/** What the planner's model says of one observation channel: the cost of one step whose reward is that channel. */
async function plannedChannel(
  { task, history }: ModelledTask,
  { shape, weights, normalizer }: TaskDynamics,
  channel: number,
  inputs: readonly StateAction[],
): Promise<number[]> {
  const reward = <T>(ops: Ops<T>, { nextObservation }: Transition<T>) =>
    ops.slice(nextObservation, channel, channel + 1);
  const model = await RolloutModel.create({ ...task, reward }, shape, 1, { history });
  try {
    await model.load(weights, normalizer);
    const out: number[] = [];
    for (const { x, u } of inputs) out.push(-firstOf(await model.costs(x, u, 1), "costs"));
    return out;
  } finally {
    await model.release();
  }
}

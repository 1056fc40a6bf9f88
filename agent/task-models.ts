import { elementAt } from "../sim/core/element.js";
import { InputError } from "../sim/core/errors.js";
import type { Task } from "../sim/task.js";
import type { LearnedState } from "./agent-state.js";
import type { Learner } from "./learner.js";
import { checkedWeights, type Method, networkShape } from "./methods/method.js";
import type { TaskDynamics } from "./model/dynamics.js";
import type { MlpShape } from "./model/network.js";
import type { NormalizerArrays } from "./model/normalizer.js";
import type { TrainingData } from "./model/replay-buffer.js";
import { residualScale } from "./recognition/residual-scale.js";
import type { ModelledTask } from "./recognition/unannounced-policy.js";

/** What the models of tasks are made of. */
interface ModelParts {
  readonly learner: Learner;
  readonly method: Method;
  /** The configured network, of one member. */
  readonly shape: MlpShape;
  /** `dynamics.members` */
  readonly members: number;
}

/** What outlives a task: its weights, which the learner has, their normaliser, and how far they are off. Tasks have the learner's numbers. */
export class TaskModels {
  readonly #parts: ModelParts;
  /** Of each task begun: the one its weights were last trained with. */
  readonly #normalizers: NormalizerArrays[] = [];
  /** Of each task that has ended: see `LearnedState.residualScales`. */
  readonly #residualScales: (Float32Array | undefined)[] = [];

  constructor(parts: ModelParts) {
    this.#parts = parts;
  }

  /** The normaliser that a task's weights were last trained with. */
  normalizer(index: number): NormalizerArrays {
    return elementAt(this.#normalizers, index, "normalisers of tasks");
  }

  setNormalizer(index: number, normalizer: NormalizerArrays): void {
    this.#normalizers[index] = normalizer;
  }

  /** Measures how far a task's model is off on its data. */
  async measure(index: number, data: TrainingData): Promise<void> {
    this.#residualScales[index] = residualScale(await this.dynamics(index), data);
  }

  /** How far a task's model is off, `[X]`, where that was measured; see `LearnedState.residualScales`. */
  residualScale(index: number): Float32Array | undefined {
    return this.#residualScales[index];
  }

  setResidualScale(index: number, scale: Float32Array): void {
    this.#residualScales[index] = scale;
  }

  /** The network that is planned with on a task: that of all members, or of one of them. */
  network(index: number, oneMember = false): MlpShape {
    const { method, shape, members } = this.#parts;
    return networkShape(method, shape, index, oneMember ? 1 : members);
  }

  /** Today's weights `[P]` for a task, of all members or of one. @throws InputError when the method gives something else */
  async weights(index: number, member?: number): Promise<Float32Array> {
    const { learner, method } = this.#parts;
    const weights: unknown = await learner.weights(index, member);
    return checkedWeights(weights, method, this.network(index, member !== undefined), index);
  }

  /** The dynamics of a task begun so far, with today's weights. */
  async dynamics(index: number): Promise<TaskDynamics> {
    return {
      shape: this.network(index),
      weights: await this.weights(index),
      normalizer: this.normalizer(index),
    };
  }

  /** A task with today's model. @throws InputError when it was not measured how far the model is off */
  async modelled(index: number, task: Task): Promise<ModelledTask> {
    const scale = this.#residualScales[index];
    if (scale === undefined) throw notMeasured(task);
    return { task, dynamics: await this.dynamics(index), residualScale: scale };
  }

  /** Only the learner's arrays are copied. */
  async state(): Promise<LearnedState> {
    return {
      learner: await this.#parts.learner.state(),
      normalizers: this.#normalizers,
      residualScales: this.#residualScales,
    };
  }

  async restore({ learner, normalizers, residualScales }: LearnedState): Promise<void> {
    await this.#parts.learner.restore(learner);
    this.#normalizers.splice(0, this.#normalizers.length, ...normalizers);
    this.#residualScales.splice(0, this.#residualScales.length, ...residualScales);
  }
}

/** The error of a task that an earlier version of the program has learned. */
function notMeasured({ name }: Task): InputError {
  return new InputError({
    what: `Nothing says how far the model of task ${name} is off, by which tasks are told apart`,
    got: "a run whose task was learned by an earlier version of hypercrl, which did not measure it",
    expected: `an array residualScale of ${name} in the saved state`,
    todo: "Make the run again: its other results will be the same",
  });
}

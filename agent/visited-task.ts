import type { TaskData, TaskState } from "./agent-state.js";
import type { Normalizer, NormalizerArrays } from "./model/normalizer.js";
import { withoutOutliers } from "./model/outliers.js";
import type { ReplayBuffer, TrainingData } from "./model/replay-buffer.js";
import type { MpcPolicy } from "./policy.js";
import type { Settings } from "./settings/schema.js";
import type { TaskModels } from "./task-models.js";
import type { AgentVisit } from "./task-numbers.js";

/** What a visited task is made of. */
interface VisitedTaskParts extends TaskData {
  /** The learner's number of the task. */
  readonly index: number;
  readonly settings: Settings;
  /** The normaliser that it keeps, where it is learned again, as its weights were trained with it, or where all tasks share one. */
  readonly keptNormalizer: NormalizerArrays | undefined;
  /** Of learning episodes. */
  readonly policy: MpcPolicy;
}

/** How far learning has come in the visit. */
export interface VisitProgress {
  /** See `TaskState.trained`. */
  readonly trained: boolean;
  /** Training sessions that were adopted. */
  readonly sessions: number;
}

/** What the agent has of the task being learned, and drops at the visit's end. */
export class VisitedTask {
  /** The learner's number of it. */
  readonly index: number;
  readonly policy: MpcPolicy;
  readonly buffer: ReplayBuffer;
  /** See `TaskState.trained`. */
  trained: boolean;
  /** Training sessions that were adopted. */
  sessions: number;
  readonly #moments: Normalizer;
  readonly #settings: Settings;
  readonly #keptNormalizer: NormalizerArrays | undefined;

  constructor(parts: VisitedTaskParts, { trained, sessions }: VisitProgress) {
    this.index = parts.index;
    this.policy = parts.policy;
    this.buffer = parts.buffer;
    this.#moments = parts.moments;
    this.#settings = parts.settings;
    this.#keptNormalizer = parts.keptNormalizer;
    this.trained = trained;
    this.sessions = sessions;
  }

  /** Stores a transition, from a state `[S]` to an observation `[X]`. */
  remember(state: Float32Array, action: ArrayLike<number>, next: Float32Array): void {
    const { input, target } = this.buffer.add(state, action, next);
    this.#moments.add(input, target);
  }

  /** Stores a transition that is encoded already: `[I]` and `[X]`, see `ReplayBuffer`. */
  rememberEncoded(input: Float32Array, target: Float32Array): void {
    this.buffer.addEncoded(input, target);
    this.#moments.add(input, target);
  }

  /** What is learned from now, without outliers where they are left out, and the normaliser to learn it with. */
  trainingData(): { readonly data: TrainingData; readonly normalizer: NormalizerArrays } {
    const { outlierLimit, normalizeTargets } = this.#settings.dynamics;
    const clean = outlierLimit > 0 ? withoutOutliers(this.buffer, outlierLimit, normalizeTargets) : undefined;
    return {
      data: clean?.data ?? this.buffer,
      normalizer: this.#keptNormalizer ?? clean?.normalizer ?? this.#moments.arrays(),
    };
  }

  /** Hands today's weights to the policy. */
  async loadPolicy(models: TaskModels): Promise<void> {
    const weights = await models.weights(this.index, this.#plannedMember);
    await this.policy.load(weights, models.normalizer(this.index));
  }

  /** Arrays are not copied. */
  state(): TaskState {
    const { buffer, policy, trained } = this;
    return { buffer, moments: this.#moments, planner: policy.state(), trained };
  }

  /** The member whose turn it is since the last training session, where they take turns. */
  get #plannedMember(): number | undefined {
    if (!membersTakeTurns(this.#settings)) return undefined;
    return Math.max(0, this.sessions - 1) % this.#settings.dynamics.members;
  }
}

/**
 * Whether learning episodes are planned with one member of the ensemble at a time. Each is a guess at what the data allow, so acting
 * on one after the other tries out what they differ in, as posterior sampling does (Strens 2000; with an ensemble Osband et al. 2016),
 * and a plan costs what it costs with one network.
 */
export function membersTakeTurns({ loop, dynamics }: Settings): boolean {
  return loop.learningModel === "member" && dynamics.members > 1;
}

/**
 * Training sessions of a visit that were begun before it has so many transitions. A checkpoint holds none on its way: all of them are
 * adopted. A task that was visited before has none before its first planned step: there are no data yet.
 */
export function sessionsBefore(
  { earlierVisits, randomSteps }: AgentVisit,
  transitions: number,
  trainEvery: number,
): number {
  const begun = Math.ceil((transitions - randomSteps) / trainEvery) - (earlierVisits > 0 ? 1 : 0);
  return Math.max(0, begun);
}

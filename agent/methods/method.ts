import { InputError } from "../../sim/core/errors.js";
import { inWords } from "../../sim/core/in-words.js";
import type { ProfileDefaults } from "../../sim/core/profiles.js";
import type { Rng } from "../../sim/core/rng.js";
import type { SettingFields, SettingValues } from "../../sim/core/setting-fields.js";
import type { Task } from "../../sim/task.js";
import { type Compute, ONE_THREAD } from "../compute.js";
import type { Learner, LearnerOptions } from "../learner.js";
import { dynamicsShape } from "../model/dynamics.js";
import { ensembleShape, joinMembers } from "../model/ensemble.js";
import { type MlpShape, weightCount } from "../model/network.js";
import { ownSettings, type Settings } from "../settings/schema.js";
import { EnsembleLearner } from "./ensemble-learner.js";

/**
 * A way to learn one task after another, with all that the rest of the program must know of it. To add one, write a
 * file that exports it and list it in `registry.ts`.
 */
export interface Method<F extends SettingFields = SettingFields> {
  /** What `settings.method` and `--method` call it. */
  readonly name: string;
  /** What it does, in one line for help and docs. */
  readonly summary: string;
  /** What it changes of a profile: `name=value` assignments, applied after the suite's and before the user's. */
  readonly defaults?: ProfileDefaults;
  /** Settings that it alone has, by name: the group of the method's name, as in `chunked.chunk`. */
  readonly settings?: F;
  /** Checks settings that it shares with others, where not all their combinations mean something to it. @throws UsageError */
  checkSettings?(settings: Settings): void;
  /** Whether the fused kernel makes its minibatches where the machine and `training.engine` allow it; default no. */
  readonly trainsWithKernel?: boolean;
  /**
   * Whether its learner can go on with a task that it has ended: `beginTask` is then called with its index again. Default no, and a
   * schedule that visits a task twice is refused.
   */
  readonly revisits?: boolean;
  /**
   * Whether the networks of all tasks depart from one base, so that between the weights of two tasks are those of a network that does
   * something between them; see `interpolateWeights`. Default no, and a task that was never learned cannot be given a model.
   */
  sharesBase?(settings: Settings): boolean;
  /**
   * Whether its learner makes the networks of an ensemble itself: it is then made once, with `LearnerOptions.members`, and its weights
   * are those of `joinMembers`. Default no: an ensemble consists of as many learners.
   */
  readonly ownMembers?: boolean;
  /**
   * The network whose weights its learner gives for a task, when that is not the configured one.
   * @param dynamics as configured
   * @param task 0-based
   */
  networkShape?(dynamics: MlpShape, task: number): MlpShape;
  /**
   * How large its learner is when the last task is learned, to compute the memory of a run; default one network, and a copy
   * of it for each task.
   * @param dynamics as configured
   * @param own the values of the method's own settings
   */
  size?(dynamics: MlpShape, settings: Settings, own: SettingValues<F>): LearnerSize;
  /**
   * A learner that has not begun any task.
   * @param settings of the run
   * @param own the values of the method's own settings
   */
  create(options: LearnerOptions, settings: Settings, own: SettingValues<F>): Learner;
}

/** How large a learner is, in numbers of four bytes. */
export interface LearnerSize {
  /** Numbers that a minibatch changes; each has two moments. */
  readonly trained: number;
  /** Numbers kept beside them, for example targets, importances and networks of earlier tasks. */
  readonly kept: number;
  /** Transitions of earlier tasks that are kept. */
  readonly transitions: number;
  /** How many times `training.batchSize` transitions make a minibatch. */
  readonly batches: number;
  /** How many of the trained ones the fused kernel trains where it can. */
  readonly fused: number;
  /** Dotted names of the settings that decide its size. */
  readonly settings: readonly string[];
}

/** Lets TypeScript find the type of a method's own settings from their fields. */
export function defineMethod<F extends SettingFields>(method: Method<F>): Method<F> {
  return method;
}

/**
 * Makes a method's learner as the settings say, or an ensemble of them.
 * @param dynamics the configured network, of one member
 * @throws InputError when the method makes something else than a learner
 */
export function createLearner(
  method: Method,
  settings: Settings,
  dynamics: MlpShape,
  rng: Rng,
  compute: Compute = ONE_THREAD,
): Learner {
  const { batchSize, clipNorm } = settings.training;
  const { members } = settings.dynamics;
  const own = ownSettings(settings, method.name);
  const create = (stream: Rng, networks = 1): Learner => {
    const options = { dynamics, members: networks, batchSize, clipNorm, rng: stream, compute };
    const learner = method.create(options, settings, own);
    checkLearner(learner, method.name);
    return learner;
  };
  if (members === 1 || method.ownMembers) return create(rng, members);
  const learners = Array.from({ length: members }, (_, m) => create(rng.split(`member${m}`)));
  return new EnsembleLearner(learners, (weights, task) => {
    const shape = memberShape(method, dynamics, task);
    return joinMembers(
      shape,
      weights.map((each) => checkedWeights(each, method, shape, task)),
    );
  });
}

const LEARNER_MEMBERS = Object.keys({
  beginTask: true,
  train: true,
  endTask: true,
  weights: true,
  state: true,
  restore: true,
  release: true,
} satisfies Record<keyof Learner, true>);

/** Checks what a method made, which a user's own module need not have had checked by TypeScript. */
function checkLearner(learner: unknown, method: string): void {
  const isObject = typeof learner === "object" && learner !== null;
  const member = (name: string): unknown => (isObject ? Reflect.get(learner, name) : undefined);
  const wrong = LEARNER_MEMBERS.find((name) => typeof member(name) !== "function");
  if (wrong === undefined) return;
  throw new InputError({
    what: `Method ${method} makes a learner that cannot be used`,
    got: isObject ? `${wrong} is ${inWords(member(wrong))}` : `create returned ${inWords(learner)}`,
    expected: `an object with the functions ${LEARNER_MEMBERS.join(", ")}`,
    todo: "docs/guides/own-method.md says what a method module is",
  });
}

/** The network of a task's dynamics that the settings describe. */
export function configuredShape({ dynamics }: Settings, { spec }: Pick<Task, "spec">): MlpShape {
  const { hidden, activation, outputVariance, history } = dynamics;
  return dynamicsShape(spec, hidden, activation, outputVariance, history);
}

/**
 * Checks what a method's learner gave as the weights of a task.
 * @param shape of the network that they are of
 * @param task 0-based
 * @returns them, `[P]`
 * @throws InputError when they are something else
 */
export function checkedWeights(
  weights: unknown,
  { name }: Method,
  shape: MlpShape,
  task: number,
): Float32Array {
  const size = weightCount(shape);
  if (weights instanceof Float32Array && weights.length === size) return weights;
  throw new InputError({
    what: `Method ${name} gives no weights for the network of task ${task + 1}`,
    got: weights instanceof Float32Array ? `${weights.length} numbers` : inWords(weights),
    expected: `a Float32Array [P] of ${size}: all weights and biases, layer by layer`,
    todo: "docs/guides/own-method.md says what a method module is",
  });
}

/** The network whose weights one learner of a method gives for a task. */
function memberShape(method: Method, dynamics: MlpShape, task: number): MlpShape {
  return method.networkShape?.(dynamics, task) ?? dynamics;
}

/**
 * The network that is planned with on a task: that of a method's learner, or of an ensemble of them.
 * @param dynamics as configured, of one member
 * @param members `dynamics.members`
 */
export function networkShape(method: Method, dynamics: MlpShape, task: number, members = 1): MlpShape {
  return ensembleShape(memberShape(method, dynamics, task), members);
}

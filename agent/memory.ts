import { MIB } from "../sim/core/bytes.js";
import { elementAt } from "../sim/core/element.js";
import type { Task } from "../sim/task.js";
import type { Parts } from "./catalog.js";
import type { Compute } from "./compute.js";
import { configuredShape, type LearnerSize, networkShape } from "./methods/method.js";
import { networkSize } from "./methods/network-size.js";
import { inputSize, layerSizes, type MlpShape, targetSize, weightCount } from "./model/network.js";
import { ownSettings, type Settings, transitionsOfVisit } from "./settings/schema.js";

/** A part of the memory that a run needs. */
export interface MemoryPart {
  /** What it is for, in words. */
  readonly what: string;
  readonly bytes: number;
  /** Of the largest array in it, where it can be large. */
  readonly arrayBytes: number;
  /** Dotted names of the settings that it grows with most. */
  readonly settings: readonly string[];
}

/** The memory that a run needs at most, as computed from its settings. */
export interface MemoryNeed {
  /** Sum of the parts. */
  readonly bytes: number;
  readonly parts: readonly MemoryPart[];
  /** Of the arrays of a checkpoint that are in one file: of what was learned. */
  readonly checkpointBytes: number;
}

/** Bytes of a number. */
const NUMBER = 4;
/** The process with the physics engine and the runtime, before anything is learned; measured. */
const PROCESS = 250 * MIB;
/** A thread that plans or trains along, with a runtime of its own; measured. */
const THREAD = 25 * MIB;
/** A thread that plays evaluation episodes, with a physics engine and a runtime of its own; measured. */
const EPISODE_THREAD = 75 * MIB;
/** The nodes of a rollout graph for one step ahead, in each thread, as the runtime compiles them; measured. */
const GRAPH_STEP = 0.1 * MIB;
/**
 * How often a trained number is there: weight and two moments, with the gradient and the set that a step writes, and again
 * while a checkpoint is made of them; measured.
 */
const COPIES = { fused: 9, graph: 21 } as const;

/** What is planned and trained with at a time. */
interface Sizes {
  readonly settings: Settings;
  readonly dynamics: MlpShape;
  /** The network that plans for the last task. */
  readonly planned: MlpShape;
  readonly learner: LearnerSize;
  readonly actions: number;
  readonly threads: number;
  /** Threads that play evaluation episodes beside the calling one. */
  readonly others: number;
}

/**
 * What a run will need, known before it begins: every array whose size follows from the settings, with factors for what
 * the runtime adds to it.
 * @param parts the method and planner that the settings name
 * @param compute threads that work together
 */
export function memoryNeed(
  tasks: readonly Task[],
  settings: Settings,
  parts: Parts,
  { threads, kernel }: Compute,
): MemoryNeed {
  const { spec } = elementAt(tasks, 0, "tasks");
  const { boundaries, mostTasks } = settings.loop;
  const learned = boundaries === "detected" ? { ...settings, tasks: mostTasks } : settings;
  const dynamics = configuredShape(settings, { spec });
  const { method } = parts;
  const learner = ensembleSize(
    method.size?.(dynamics, learned, ownSettings(settings, method.name)) ??
      networkSize(dynamics, learned, learned.tasks),
    method.ownMembers ? 1 : settings.dynamics.members,
  );
  const planned = networkShape(method, dynamics, learned.tasks - 1, settings.dynamics.members);
  const others = Math.min(threads, settings.loop.evaluationEpisodes) - 1;
  const sizes: Sizes = { settings, dynamics, planned, learner, actions: spec.action.length, threads, others };
  const fused = kernel ? learner.fused : 0;
  const byGraph = learner.trained - fused;
  const row = inputSize(dynamics) + targetSize(dynamics);
  const { bufferCapacity, trainLag } = settings.loop;
  const stored = learner.transitions * row;
  const used = transitionsOfVisit(settings) * row;
  const N = samplesOf(settings);
  const { horizon } = settings.planner;
  const list: MemoryPart[] = [
    { what: "the program", bytes: PROCESS, arrayBytes: 0, settings: [] },
    {
      what: "threads",
      bytes: (threads - 1 + (trainLag > 0 ? 1 : 0)) * THREAD + others * EPISODE_THREAD,
      arrayBytes: 0,
      settings: [],
    },
    {
      what: "the planner's graph",
      bytes: horizon * GRAPH_STEP * (threads + others),
      arrayBytes: 0,
      settings: ["planner.horizon"],
    },
    inNumbers("the networks that are trained", COPIES.fused * fused + COPIES.graph * byGraph, {
      largest: Math.max(3 * fused, 3 * byGraph),
      settings: learner.settings,
    }),
    inNumbers("what the method keeps of earlier tasks", 3 * learner.kept + 4 * stored, {
      largest: Math.max(learner.kept, stored),
      settings: [...learner.settings, boundaries === "detected" ? "loop.mostTasks" : "tasks"],
    }),
    inNumbers("the replay buffer", bufferCapacity * row + 2 * used, {
      largest: bufferCapacity * row,
      settings: ["loop.bufferCapacity"],
    }),
    inNumbers("a training session", sessionNumbers(sizes), {
      largest: settings.loop.trainIterations * settings.training.batchSize * learner.batches,
      settings: ["loop.trainIterations", "training.batchSize"],
    }),
    inNumbers("planning", planningNumbers(sizes), {
      largest: horizon * N * spec.action.length,
      settings: ["planner.samples", "planner.horizon", "dynamics.hidden"],
    }),
  ];
  return {
    bytes: list.reduce((sum, { bytes }) => sum + bytes, 0),
    parts: list,
    checkpointBytes: NUMBER * (3 * learner.trained + learner.kept + stored),
  };
}

/** Of n learners of a size, which are trained one after the other. */
function ensembleSize(member: LearnerSize, members: number): LearnerSize {
  if (members === 1) return member;
  const { trained, kept, transitions, batches, fused, settings } = member;
  return {
    trained: members * trained,
    kept: members * kept,
    transitions: members * transitions,
    batches,
    fused: members * fused,
    settings: [...settings, "dynamics.members"],
  };
}

/** The rows drawn for all minibatches of a session, and the activations of one. */
function sessionNumbers({ settings, dynamics, learner }: Sizes): number {
  const { batchSize } = settings.training;
  const rows = batchSize * learner.batches;
  const activations = layerSizes(dynamics).reduce((sum, [, out]) => sum + out, inputSize(dynamics));
  return settings.loop.trainIterations * (rows + 10) + 4 * rows * activations;
}

/** The planner's sequences, and what the rollout of all of them holds at a time. */
function planningNumbers({ settings, planned, actions, threads, others }: Sizes): number {
  const { name, horizon, polishSteps, polishPlans } = settings.planner;
  const N = samplesOf(settings);
  const states = targetSize(planned);
  const width = Math.max(...layerSizes(planned).map(([size, out]) => size + out));
  const joined = 3 * states + 2 * inputSize(planned);
  const gradient = layerSizes(planned).reduce((s, [a]) => s + 3 * a, 0);
  const forwards = 6 * actions + joined;
  const sequences = horizon * N * (forwards + (name === "gradient" ? gradient : 0));
  const refined = polishSteps === 0 ? 0 : horizon * polishPlans * (forwards + gradient);
  const weights = weightCount(planned);
  const ofPlayer = sequences + refined + 2 * N * width + 5 * weights;
  return (1 + others) * ofPlayer + 2 * threads * weights;
}

/** N, action sequences at a time; 0 for a planner that does not say so in `planner.samples`. */
function samplesOf({ planner }: Settings): number {
  const samples: unknown = Reflect.get(planner, "samples");
  return typeof samples === "number" ? samples : 0;
}

/** A part of so many numbers. @param largest of one array */
function inNumbers(
  what: string,
  count: number,
  { largest, settings }: { readonly largest: number; readonly settings: readonly string[] },
): MemoryPart {
  return { what, bytes: NUMBER * count, arrayBytes: NUMBER * largest, settings };
}
